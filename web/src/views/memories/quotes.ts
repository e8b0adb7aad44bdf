/** Which part of a message a memory rests on. Spans count code points, as the server does. */
export interface Span {
  start: number | null;
  end: number | null;
}

/** The quote with a little of what stands around it; `marks` are the quote within it. */
export function quoteOf(
  text: string,
  { start, end }: Span,
  around = 60,
): { text: string; marks: [number, number][] } {
  const points = [...text];
  if (start === null || end === null || start >= end) {
    const cut = points.length > 240;
    return { text: points.slice(0, 240).join("") + (cut ? "…" : ""), marks: [] };
  }
  const from = Math.max(0, start - around);
  const to = Math.min(points.length, end + around);
  const lead = from > 0 ? "…" : "";
  const shift = [...lead].length - from;
  return {
    text: lead + points.slice(from, to).join("") + (to < points.length ? "…" : ""),
    marks: [[start + shift, end + shift]],
  };
}
