/**
 * What was typed and not sent, kept over a reload: sealed under a key that only the server gives to
 * who is logged in, so the browser's storage holds nothing that can be read.
 */
const PREFIX = "holdfast.draft.";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** That of now first; behind it those of before the last rotations. */
let keys: readonly Promise<CryptoKey>[] = [];
let given = "";
/** Under each name, which keeping was asked for last: one that is still being sealed must not outlast it. */
const asked = new Map<string, symbol>();

const bytesOf = (text: string) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const textOf = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));

/** Give the keys of whoever is logged in: one to seal under, and those of before, which still open. */
export function openDrafts(draftKey: string, before: readonly string[]): void {
  const all = [draftKey, ...before];
  if (all.join(" ") === given) return;
  given = all.join(" ");
  keys = all.map((one) =>
    crypto.subtle.importKey("raw", bytesOf(one), "AES-GCM", false, ["encrypt", "decrypt"]),
  );
}

/** Keep a draft under a name ("chat.<id>", "unsent.<id>"); "" or null lets it go. */
export async function keepDraft(name: string, value: unknown): Promise<void> {
  const mine = Symbol(name);
  asked.set(name, mine);
  try {
    const [key] = keys;
    if (!key || value === "" || value === null) return localStorage.removeItem(PREFIX + name);
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const plain = encoder.encode(JSON.stringify(value));
    const additionalData = encoder.encode(name);
    const sealed = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv: nonce, additionalData },
      await key,
      plain,
    );
    if (asked.get(name) !== mine) return;
    localStorage.setItem(PREFIX + name, `${textOf(nonce)}.${textOf(new Uint8Array(sealed))}`);
  } catch {
    // Storage may be full or forbidden: the text is still on the screen.
  }
}

/**
 * A draft that was kept, or null. One that does not open is somebody else's and stays where it is; one of
 * before a rotation is sealed under the key of now.
 */
export async function readDraft<T>(name: string): Promise<T | null> {
  const kept = stored(name);
  if (!kept) return null;
  for (const [age, key] of keys.entries()) {
    const value = await opened(name, kept, key);
    if (value === undefined) continue;
    // Unless somebody has typed on meanwhile.
    if (age > 0 && stored(name) === kept) await keepDraft(name, value);
    return value as T;
  }
  return null;
}

function stored(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** What is in it, or undefined when this is not its key. */
async function opened(name: string, kept: string, key: Promise<CryptoKey>): Promise<unknown> {
  const [nonce = "", sealed = ""] = kept.split(".");
  try {
    const plain = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytesOf(nonce), additionalData: encoder.encode(name) },
      await key,
      bytesOf(sealed),
    );
    return JSON.parse(decoder.decode(plain)) as unknown;
  } catch {
    return undefined;
  }
}

/** Names of the drafts that begin so. */
export function draftNames(start: string): string[] {
  try {
    return Object.keys(localStorage)
      .filter((name) => name.startsWith(PREFIX + start))
      .map((name) => name.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** All of them, at log out and after an erasure. */
export function dropDrafts(): void {
  asked.clear();
  for (const name of draftNames("")) localStorage.removeItem(PREFIX + name);
}
