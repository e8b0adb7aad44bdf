/** What is typed and not sent, of each conversation its own, sealed over a reload. */
import { useCallback, useEffect, useRef, useState } from "react";

import { keepDraft, readDraft } from "~/state/drafts";

const PAUSE = 250;
type Change = string | ((before: string) => string);

export function useComposerText(
  session: string,
  kept: boolean,
): [string, (text: Change) => void, () => void] {
  const [text, setState] = useState("");
  const latest = useRef("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const name = `chat.${session}`;
  const [shownOf, setShownOf] = useState(name);
  if (shownOf !== name) {
    // Another conversation: its own text, or none.
    setShownOf(name);
    setState("");
  }

  const keep = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    if (kept) void keepDraft(name, latest.current);
  }, [name, kept]);

  const set = useCallback(
    (change: Change) => {
      latest.current = typeof change === "string" ? change : change(latest.current);
      setState(latest.current);
      if (!timer.current) timer.current = setTimeout(keep, PAUSE);
    },
    [keep],
  );
  const letGo = useCallback(() => {
    latest.current = "";
    setState("");
    keep();
  }, [keep]);

  useEffect(() => {
    let here = true;
    latest.current = "";
    void readDraft<string>(name).then((before) => {
      // Whoever typed meanwhile goes on with that.
      if (!here || !before || latest.current) return;
      latest.current = before;
      setState(before);
    });
    return () => {
      here = false;
    };
  }, [name]);
  useEffect(() => {
    const leave = () => timer.current && keep();
    window.addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", leave);
    return () => {
      leave();
      window.removeEventListener("pagehide", leave);
      document.removeEventListener("visibilitychange", leave);
    };
  }, [keep]);

  return [text, set, letGo];
}
