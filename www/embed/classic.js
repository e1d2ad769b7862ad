var options = { serverUrl: location.origin, username: "Guest" };

function talk(session) {
  session.onMessageReceived(function (event) { page.line(event.party.name + ": " + event.content.text); });
  session.onAgentConnected(function (event) { page.line(event.party.name + " joined"); });
  session.onSessionEnded(function () { page.line("The chat is over"); });
  page.onSend(function (text) { session.sendMessage({ message: text }).fail(failed); });
}

function failed(event) {
  page.line(event.error.description);
}

// The chat that this browser left; where there is none, a new one.
causerie.chat.restoreSession(options).done(talk).fail(function () {
  causerie.chat.startSession(options).done(talk).fail(failed);
});
