import { fullTime, shortTime } from "~/state/times";

import { Tip } from "./Tip";

/** A time in short; the whole of it when pointed at or focused. */
export function Time({ at, className }: { at: string | number; className?: string }) {
  const time = new Date(at);
  return (
    <Tip text={fullTime(time)}>
      <time dateTime={time.toISOString()} className={className}>
        {shortTime(time)}
      </time>
    </Tip>
  );
}
