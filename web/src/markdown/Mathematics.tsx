/** TeX as MathML, built as elements: no text is ever taken for HTML. A file of its own, for it is large. */
import temml from "temml";
import { useLayoutEffect, useMemo, useRef } from "react";

import { classes } from "~/parts/classes";

export default function Mathematics({ tex, display = false }: { tex: string; display?: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const made = useMemo(() => elementsOf(tex, display), [tex, display]);
  const failed = made === null;
  useLayoutEffect(() => {
    place.current?.replaceChildren(...(made ?? []));
  }, [made]);
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

/** null for what is no TeX, or none that may be shown here. */
function elementsOf(tex: string, displayMode: boolean): Node[] | null {
  // It would write a style attribute, which the policy of this page refuses.
  if (tex.includes("\\prescript")) return null;
  const place = document.createElement("span");
  try {
    temml.render(tex, place, { displayMode, throwOnError: true, trust: false, maxExpand: 200 });
  } catch {
    return null;
  }
  return [...place.childNodes];
}
