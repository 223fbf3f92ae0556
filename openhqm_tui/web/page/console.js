// What textual-serve's page lacks: it works under every address, offline, and without TLS.
"use strict";

// Browsers give no clipboard to a page over plain HTTP from another machine. Without this the
// terminal stops at the first copy.
if (!navigator.clipboard) {
  const writeText = async (text) => {
    const field = document.createElement("textarea");
    const focused = document.activeElement;
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    focused?.focus();
  };
  const clipboard = { writeText, readText: async () => "" };
  Object.defineProperty(navigator, "clipboard", { value: clipboard });
}

const start = window.onload;
window.onload = async (event) => {
  const terminal = document.querySelector("#terminal");
  const there = new URL("ws", window.location.href);
  there.protocol = there.protocol.replace("http", "ws");
  terminal.dataset.sessionWebsocketUrl = there.href;
  const size = Number(new URLSearchParams(window.location.search).get("fontsize"));
  if (size >= 6 && size <= 48) {
    terminal.dataset.fontSize = size;
  }
  document.querySelector("#again").onclick = () => window.location.reload();
  // The terminal measures its letters once: they must be there by then.
  const styles = ["", "bold ", "italic "].map((style) => `${style}15px "Roboto Mono"`);
  await Promise.allSettled(styles.map((style) => document.fonts.load(style)));
  // Keys go to the console as soon as there is one to hear that it has the focus.
  new MutationObserver((_, observer) => {
    if (document.body.classList.contains("-loaded")) {
      observer.disconnect();
      document.querySelector(".xterm-helper-textarea").focus();
    }
  }).observe(document.body, { attributeFilter: ["class"] });
  start(event);
};
