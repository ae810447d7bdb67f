// Starts the page and shows the screen the server says it is on.
import { BlankScreen, NoticeScreen } from "./notice.js";
import { CallScreen } from "./call.js";
import { Dialogs } from "./dialogs.js";
import { el } from "./dom.js";
import { Link } from "./link.js";
import { LobbyScreen } from "./lobby.js";
import { meeting } from "./meeting.js";
import { PrejoinScreen } from "./prejoin.js";
import { loadTexts, t } from "./texts.js";

const SCREENS = {
  prejoin: PrejoinScreen,
  lobby: LobbyScreen,
  consent: BlankScreen,
  call: CallScreen,
  notice: NoticeScreen,
  blank: BlankScreen,
};

const stage = el("div", { class: "stage" });
const banner = el("div", { class: "banner", hidden: true });
const dialogs = new Dialogs();
let screen = null;
let screenName = null;

async function welcome(message) {
  meeting.options = message.options;
  if (screen) {
    banner.hidden = true;
    return;
  }
  await loadTexts(message.options);
  document.body.append(stage, banner, dialogs.node);
}

function showView(view) {
  if (view.screen !== screenName) {
    screen?.leave?.();
    screenName = view.screen;
    screen = new SCREENS[view.screen](view);
    stage.replaceChildren(screen.node);
  }
  screen.update?.(view);
  dialogs.update(view.dialogs ?? []);
}

/** Stops the renderer without burning a processor: a blocking request that is answered late. */
function hang({ seconds }) {
  const request = new XMLHttpRequest();
  request.open("GET", `asleep?seconds=${seconds}`, false);
  try {
    request.send();
  } catch {
    // The server ended the wait; the page goes on.
  }
}

const HANDLERS = {
  welcome,
  view: showView,
  chat: (message) => screen.chat?.add(message.lines),
  caption: (message) => screen.captions?.show(message),
  captions_trim: (message) => screen.captions?.trim(message),
  close_panel: () => screen.closePanel?.(),
  go: (message) => location.assign(message.to),
  hang,
};

const link = new Link({
  onMessage: (message) => HANDLERS[message.type](message),
  onBroken: () => {
    if (!screen) return;
    banner.textContent = t("reconnecting");
    banner.hidden = false;
  },
});
meeting.send = (action) => link.send(action);
