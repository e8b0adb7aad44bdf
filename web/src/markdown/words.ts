/** Where the words that led to a message stand in it: as they are, in another form, or mistyped. */

const COMMON = new Set(
  (
    "a an and are as at be but by did do for from had has have he her his how i in is it its me my not of on or our " +
    "she so that the their them they this to was we were what when where which who why will with you your " +
    "aber als am an auf aus bei bin bist da das dem den der des die du ein eine einem einen einer er es für hat " +
    "ich im in ist ja mein mit nach nicht oder sie sind so und uns vom von vor war was wer wie wir wo zu zum zur"
  ).split(" "),
);

const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Offsets (UTF-16) of what is to be marked, in order, without overlap. */
export function spotsOf(text: string, query: string): [number, number][] {
  const phrases = [...query.matchAll(/"([^"]+)"/g)].map((found) => fold(found[1] ?? "").trim());
  const loose = query.replaceAll(/"[^"]+"/g, " ").replaceAll(/(^|\s)(-\S+|\p{L}+:\S*)/gu, " ");
  const all = (fold(loose).match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => word.length > 1);
  const rare = all.filter((word) => !COMMON.has(word));
  const wanted = rare.length || phrases.length ? rare : all;
  const spots = [...exact(text, fold(loose).trim(), all.length > 1), ...inPhrases(text, phrases)];
  for (const found of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    const word = fold(found[0]);
    if (wanted.some((one) => alike(word, one)))
      spots.push([found.index, found.index + found[0].length]);
  }
  return joined(spots);
}

/** Every place of exactly these characters, whatever their case and accents. */
export function placesOf(text: string, characters: string): [number, number][] {
  return joined(inPhrases(text, [fold(characters).trim()]));
}

function exact(text: string, query: string, worth: boolean): [number, number][] {
  return worth ? inPhrases(text, [query]) : [];
}

function inPhrases(text: string, phrases: readonly string[]): [number, number][] {
  const wanted = phrases.filter(Boolean);
  if (!wanted.length) return [];
  // Folding changes lengths: remember where each folded character comes from.
  let folded = "";
  const from: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = fold(character);
    for (let n = 0; n < plain.length; n++) from.push(at);
    folded += plain;
    at += character.length;
  }
  from.push(at);
  const spots: [number, number][] = [];
  for (const phrase of wanted)
    for (let n = folded.indexOf(phrase); n >= 0; n = folded.indexOf(phrase, n + phrase.length))
      spots.push([from[n] ?? 0, from[n + phrase.length] ?? at]);
  return spots;
}

function joined(spots: [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  for (const spot of spots.sort((a, b) => a[0] - b[0] || b[1] - a[1]))
    if (spot[0] >= (out.at(-1)?.[1] ?? 0) && spot[1] > spot[0]) out.push(spot);
  return out;
}

/** The same word, another form of it (oar, oars), or one slip of the finger apart (thrid, third). */
function alike(word: string, wanted: string): boolean {
  if (word === wanted) return true;
  const [short, long] = word.length < wanted.length ? [word, wanted] : [wanted, word];
  if (short.length >= 3 && long.startsWith(short) && long.length - short.length <= 2) return true;
  if (short.length < 4 || long.length - short.length > 1 || /\d/.test(long)) return false;
  return oneSlip(short, long);
}

function oneSlip(short: string, long: string): boolean {
  let n = 0;
  while (n < short.length && short[n] === long[n]) n++;
  if (short.length < long.length) return short.slice(n) === long.slice(n + 1);
  if (short.slice(n + 1) === long.slice(n + 1)) return true;
  return (
    short[n] === long[n + 1] && short[n + 1] === long[n] && short.slice(n + 2) === long.slice(n + 2)
  );
}
