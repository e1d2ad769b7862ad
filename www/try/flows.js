// The flows of the demo: the channel of each (www/chat.toml), what it shows, and what to try.

export const FLOWS = [
  {
    service: "forms",
    title: "Form first",
    lead: "A form before the queue, one when the chat is finished, and one instead of the queue while nobody is there.",
    steps: [
      "Send the form with the order number 12: the field is named, and what you typed stays. TP123456 is one.",
      "With nobody at the desk the offline form follows; it posts a request. Sign in at the desk as Jane, before or then, and you are in the queue instead.",
      "Accept the chat at the desk and talk; there, end the chat: the form about how it was comes up.",
      "Choose “Not now” and write: the chat comes back to life.",
    ],
  },
  {
    service: "faq",
    title: "FAQ first",
    lead: "What you write first is looked up among the questions that are often asked.",
    steps: [
      "Ask “How can I send my teapot back?”: an answer is suggested.",
      "Say that it does not help: you are in the queue, where Jane sees you at the desk.",
      "Begin again and say that it helps: the chat is finished.",
      "Ask what no answer fits, such as “Do you sell spoons?”: straight to the queue.",
    ],
  },
  {
    service: "echo",
    title: "Bot first",
    lead: "The echo bot leads the session until it hands it over. While it does, nobody sees it in the queue.",
    steps: [
      "Write anything: the bot says it again.",
      "Write “human” with Jane signed in at the desk: you are in the queue, and the bot is silent from then on.",
      "Do that with nobody at the desk: the offline form.",
      "Write “new”: the script opens a new session. The same chat goes on in it.",
      "Write “quit”: finished, with a form. Write again: back with the bot.",
    ],
  },
  {
    service: "form-first",
    title: "Form, then bot",
    lead: "The bot says nothing until the form is filled in, and then knows your name.",
    steps: [
      "Fill in the form: the bot greets you by your name when the session reaches the queue.",
      "Say what it is about: the bot keeps that in the session data, and hands over.",
    ],
  },
  {
    service: "answers",
    title: "Bot with answers",
    lead: "It answers what it knows, asks whether that helped, and hands over to people when it did not.",
    steps: [
      "Ask about returns, delivery or opening hours.",
      "Say “thanks”: finished, with a form. Or “no”: handed over, to the queue or the offline form.",
    ],
  },
  {
    service: "brief",
    title: "Silence",
    lead: "The session’s time is over after twenty seconds without a word. What you write then opens a new one.",
    steps: [
      "Write something, then wait until the status is “closed”.",
      "Write again: a new session begins with it. The id changes, the chat goes on.",
      "Accept it at the desk as Jane: “Earlier” shows the old transcript there.",
    ],
    // So that a session is begun by whoever means it, and its time does not run before.
    asks: true,
  },
  {
    service: "default",
    title: "People only",
    lead: "No form, no bot: a welcome and the queue.",
    steps: [
      "Sign in at the desk as Jane in a second window, and accept the chat.",
      "Write on both sides, then reload this page: the chat goes on where it was.",
      "Cut the network in the browser’s tools: what you write waits, and is sent once when it is back.",
    ],
    asks: true,
  },
];
