/** Files for people to keep, made from what the server sends or from what is on the screen. */

export interface Progress {
  bytes: number;
}

/** Read an answer to its end, telling how far it is. Nothing is offered before all of it is there. */
export async function received(
  response: Response,
  tell: (progress: Progress) => void,
): Promise<Blob> {
  const parts: BlobPart[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  if (!reader) return response.blob();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    bytes += value.byteLength;
    tell({ bytes });
  }
  return new Blob(parts, { type: response.headers.get("Content-Type") ?? "" });
}

/** The file's name that the server gave it. */
export function nameOf(response: Response, otherwise: string): string {
  const said = response.headers.get("Content-Disposition") ?? "";
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(said)?.[1];
  return encoded
    ? decodeURIComponent(encoded)
    : (/filename="([^"]+)"/.exec(said)?.[1] ?? otherwise);
}

/** Hand a file to the browser to keep. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser takes it in its own time.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const saveJson = (value: unknown, name: string): void =>
  save(new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" }), name);
