// A bot that comes after the form: it says nothing when the session begins, and hello when the session reaches the queue.
var IN_QUEUE = "4";

bind("sessionChanged", function ($context) {
  var ed = getEventData();
  if (ed.getInputValue("status.new") !== IN_QUEUE || $context.session.greeted) {
    return;
  }
  $context.session.greeted = true;
  var name = ed.getInputValue("chatSession.customerName");
  var email = ed.getInputValue("chatSession.customerEmail");
  var hello = "Hello " + name + "! What is it about?";
  if (email) {
    hello += " Should we be cut off, I write to " + email + ".";
  }
  addChatMessage(ed.getInputValue("chatSession.id"), hello, 1, ed.getInputValue("chatTopic.botName"), 0, "");
});

bind("messageReceived", function ($context) {
  var ed = getEventData();
  var sessionId = ed.getInputValue("chatSession.id");
  sessionData.set({ topic: $context.request.query });
  addChatMessage(sessionId, "Thank you. Somebody who knows about it is with you in a moment.", 1,
    ed.getInputValue("chatTopic.botName"), 0, "");
  resetChat(sessionId);
});
