"use strict";

const messages = document.getElementById("messages");
const state = document.getElementById("state");
const error = document.getElementById("error");
const form = document.getElementById("say");

function show({ name, text }) {
  const item = document.createElement("li");
  const who = document.createElement("b");
  who.textContent = name;
  item.append(who, ": ", text);
  messages.append(item);
}

async function connect() {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.onmessage = (event) => show(JSON.parse(event.data));
  socket.onclose = () => { state.textContent = "not connected"; };
  await new Promise((resolve) => { socket.onopen = resolve; });
  for (const message of await (await fetch("/messages")).json()) show(message);
  state.textContent = "connected";
}

form.onsubmit = async (event) => {
  event.preventDefault();
  const response = await fetch("/messages", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  });
  error.textContent = response.ok ? "" : "Say who you are, and something.";
  if (response.ok) form.text.value = "";
};

connect();
