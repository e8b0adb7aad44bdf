import { Fragment } from "react";

/** A text with some of it marked. `marks` count code points, as the server does, ends exclusive. */
export function Marked({
  text,
  marks,
}: {
  text: string;
  marks: readonly (readonly [number, number] | number[])[];
}) {
  const points = [...text];
  const parts = [];
  let at = 0;
  for (const [start = 0, end = 0] of [...marks].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))) {
    if (start < at) continue;
    parts.push(<Fragment key={`${at}`}>{points.slice(at, start).join("")}</Fragment>);
    parts.push(<mark key={`m${start}`}>{points.slice(start, end).join("")}</mark>);
    at = end;
  }
  return (
    <>
      {parts}
      {points.slice(at).join("")}
    </>
  );
}
