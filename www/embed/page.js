// What the plain pages share: lines in, lines out, and the source of the page's own script shown below.
window.page = {
  line(text) {
    const item = document.createElement("li");
    item.textContent = text;
    item.dir = "auto";
    const log = document.getElementById("log");
    log.append(item);
    log.parentElement.scrollTop = log.scrollHeight;
  },

  onSend(send) {
    document.getElementById("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const field = document.getElementById("text");
      if (field.value) send(field.value);
      field.value = "";
    });
  },
};

fetch(document.currentScript.dataset.source).then(async (answer) => {
  document.getElementById("source").textContent = await answer.text();
});
