// A bot that answers what it knows, asks whether that helped, and hands over to people when it did not.
var answers = [
  { words: ["return", "refund", "back"], text: "You can return anything within 30 days. The label is in the parcel." },
  { words: ["delivery", "shipping", "arrive", "long"], text: "Delivery takes three days. Your account shows where the parcel is." },
  { words: ["open", "hours", "when"], text: "We are here from Monday to Friday, nine to five." },
];

function say(text) {
  var ed = getEventData();
  addChatMessage(ed.getInputValue("chatSession.id"), text, 1, ed.getInputValue("chatTopic.botName"), 0, "");
}

function lookUp(question) {
  var words = question.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return answers.find(function (answer) {
    return answer.words.some(function (word) {
      return words.includes(word);
    });
  });
}

// A visitor who comes back after an hour begins anew.
bind("preProcess", function ($context) {
  var last = $context.session.lastActiveTime;
  if (last && $jsapi.currentTime() - last > 60 * 60 * 1000) {
    $reactions.newSession({ session: {} });
  }
});

bind("postProcess", function ($context) {
  $context.session.lastActiveTime = $jsapi.currentTime();
});

bind("sessionCreated", function () {
  say("Hello! Ask me about returns, delivery or our hours.");
});

bind("messageReceived", function ($context) {
  var said = $context.request.query.trim();
  if ($context.session.asked && /^(y|yes|yes please|thanks|thank you)\b/i.test(said)) {
    say("Glad to help. Goodbye!");
    $jsapi.stopSession();
    return;
  }
  var found = lookUp(said);
  log(found ? "known: " + found.words[0] : "not known");
  if (found && $context.session.asked !== found.text) {
    $context.session.asked = found.text;
    say(found.text + " Does that help?");
    return;
  }
  say("I ask somebody who knows more.");
  resetChat(getEventData().getInputValue("chatSession.id"));
});
