/** What can be said with a file: speech is heard, text is taken in; of others it is told that they are not kept. */
import type { TFunction } from "i18next";

import type { Speech } from "../live/types";

export interface Taken {
  text: string;
  speech: Speech | null;
  /** Why it was not taken. */
  refused: string;
}

const NOTHING: Taken = { text: "", speech: null, refused: "" };
const TEXT =
  /\.(txt|md|markdown|csv|tsv|json|ya?ml|toml|xml|html?|css|log|ini|sql|sh|py|rs|go|java|c|h|cpp|ts|tsx|js|jsx|rb|php)$/i;
const LONGEST_TEXT = 200_000;

export async function takenOf(file: File, mostMb: number, t: TFunction): Promise<Taken> {
  const name = file.name || t("chat.file");
  if (file.size > mostMb * 1e6)
    return { ...NOTHING, refused: t("chat.fileTooLarge", { name, most: mostMb }) };
  if (file.type.startsWith("audio/")) return { ...NOTHING, speech: await speechOf(file, name) };
  if (file.type.startsWith("text/") || TEXT.test(name)) {
    if (file.size > LONGEST_TEXT) return { ...NOTHING, refused: t("chat.textTooLarge", { name }) };
    return { ...NOTHING, text: fenced(name, await file.text()) };
  }
  return { ...NOTHING, refused: t("chat.fileNotTaken", { name }) };
}

export async function speechOf(file: Blob, name: string, seconds = 0): Promise<Speech> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 32_768)
    binary += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  const media_type = (file.type || "audio/webm").split(";")[0] ?? "audio/webm";
  return { data: btoa(binary), media_type, name, seconds };
}

/** As it is, under its name; the fence is longer than any within. */
export function fenced(name: string, text: string): string {
  if (/\.(txt|md|markdown)$/i.test(name)) return text;
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  const language = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return `${name}\n${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`;
}
