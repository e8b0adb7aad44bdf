/** A name as an address: small letters, digits and dashes; a number when nothing of it can stand there. */
export function slugOf(name: string, now = Date.now()): string {
  const plain = name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return plain.slice(0, 60) || `n${now.toString(36)}`;
}
