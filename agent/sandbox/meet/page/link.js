// The wire to the server: it pushes how things stand, the page reports what was done.

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 4000;

/** Keeps one connection; a timer runs only while it is broken. */
export class Link {
  constructor({ onMessage, onBroken }) {
    this.onMessage = onMessage;
    this.onBroken = onBroken;
    this.visitor = null;
    this.retryMs = FIRST_RETRY_MS;
    this.pending = Promise.resolve();
    this.open();
  }

  open() {
    this.socket = new WebSocket(this.address());
    this.socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    this.socket.onclose = () => this.retry();
  }

  address() {
    const code = location.pathname.split("/").pop();
    const address = new URL(`${code}/socket`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const language = new URLSearchParams(location.search).get("hl");
    if (language) address.searchParams.set("hl", language);
    if (this.visitor) address.searchParams.set("visitor", this.visitor);
    return address;
  }

  receive(message) {
    this.retryMs = FIRST_RETRY_MS;
    if (message.type === "welcome") this.visitor = message.visitor;
    this.pending = this.pending.then(() => this.onMessage(message));
  }

  retry() {
    this.onBroken();
    setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  send(action) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(action));
  }
}
