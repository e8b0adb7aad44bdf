/** Where a text may lead: away from here over http, https and mailto, or to a place in itself. */
export function safeLink(url: string): string {
  if (url.startsWith("#")) return url;
  // Pictures that are written out in the text itself.
  if (/^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=]+$/i.test(url)) return url;
  try {
    const { protocol } = new URL(url);
    return protocol === "http:" || protocol === "https:" || protocol === "mailto:" ? url : "";
  } catch {
    return "";
  }
}

/** The host to show beside a link whose words do not name it. */
export function hostBeside(url: string, words: string): string {
  try {
    const { host, protocol } = new URL(url);
    if (protocol === "mailto:" || words.includes(host.replace(/^www\./, ""))) return "";
    return host;
  } catch {
    return "";
  }
}
