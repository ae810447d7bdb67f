// What every part of the page shares: the options it is built from and the way to report.

export const meeting = {
  options: {},
  send: () => {},
};

/** Have something written into the server's page log. */
export function log(what, detail = "") {
  meeting.send({ do: "log", what, detail });
}
