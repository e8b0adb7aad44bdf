/** TeX as MathML, built as elements: no text is ever taken for HTML. A file of its own, for it is large. */
import temml from "temml";
import { useLayoutEffect, useRef, useState } from "react";

import { classes } from "~/parts/classes";

export default function Mathematics({ tex, display = false }: { tex: string; display?: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const [failed, setFailed] = useState(false);
  useLayoutEffect(() => {
    if (!place.current) return;
    try {
      // It would write a style attribute, which the policy of this page refuses.
      if (tex.includes("\\prescript")) throw new Error("not shown");
      const options = { displayMode: display, throwOnError: true, trust: false, maxExpand: 200 };
      temml.render(tex, place.current, options);
      setFailed(false);
    } catch {
      setFailed(true);
    }
  }, [tex, display]);
  return (
    <>
      {failed && (
        <code className="rounded bg-sunken px-1 font-mono text-[0.875em] break-words">{tex}</code>
      )}
      <span
        ref={place}
        hidden={failed}
        className={classes(display && "my-3 block overflow-x-auto py-1 text-center")}
      />
    </>
  );
}
