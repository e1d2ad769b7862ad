// The echo bot: greets, says again what it hears, hands over at "human", begins anew at "new", ends at "quit".
var toCustomer = 1;

bind("sessionCreated", function () {
  var ed = getEventData();
  addChatMessage(
    ed.getInputValue("chatSession.id"),
    "Welcome human. Say 'human' to transfer. Say 'quit' to end session.",
    toCustomer,
    ed.getInputValue("chatTopic.botName"),
    0,
    "",
  );
});

bind("messageReceived", function ($context) {
  var ed = getEventData();
  var sessionId = ed.getInputValue("chatSession.id");
  var botName = ed.getInputValue("chatTopic.botName");
  var said = $context.request.query;
  switch (said.trim().toLowerCase()) {
    case "human":
      addChatMessage(sessionId, "I ask a human to take over.", toCustomer, botName, 0, "");
      resetChat(sessionId);
      break;
    case "new":
      $jsapi.startSession(); // the bot greets again, in the new session
      break;
    case "quit":
      setChatStatus(sessionId, 7); // 7 = finished
      break;
    default:
      $context.session.heard = ($context.session.heard || 0) + 1;
      addChatMessage(sessionId, "You said: " + said, toCustomer, botName, 0, "");
  }
});

bind("sessionChanged", function () {
  var ed = getEventData();
  log("status", ed.getInputValue("status.old"), "to", ed.getInputValue("status.new"));
});
