// Additions to textual-serve's page: works under any address, offline, and without TLS.
"use strict";

// Over plain HTTP from another machine, browsers offer no clipboard. Without this the terminal
// stops at the first copy.
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
  // The terminal measures its glyphs once, so the fonts must be loaded by then.
  const styles = ["", "bold ", "italic "].map((style) => `${style}15px "Roboto Mono"`);
  await Promise.allSettled(styles.map((style) => document.fonts.load(style)));
  // Focus the terminal once the console is there to receive the focus event.
  new MutationObserver((_, observer) => {
    if (document.body.classList.contains("-loaded")) {
      observer.disconnect();
      document.querySelector(".xterm-helper-textarea").focus();
    }
  }).observe(document.body, { attributeFilter: ["class"] });
  start(event);
};
