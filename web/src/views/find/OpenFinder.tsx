/** The finder as soon as it is there. Fetched ahead it opens in the same moment, without a wait for its parts. */
import { lazy, Suspense, useState, type ComponentType } from "react";

import { arriving } from "~/state/arriving";

const fetched = () => import("./Finder");
const Waited = lazy(() => arriving(fetched));
let ready: ComponentType | null = null;

/** Fetch it while nothing else is to be done. */
export async function prepareFinder(): Promise<void> {
  try {
    ready = (await fetched()).default;
  } catch {
    // Not to be had now: it is asked for again when it is wanted.
  }
}

export function OpenFinder() {
  // The same one for as long as it is open, or what is typed would be lost.
  const [Finder] = useState(() => ready ?? Waited);
  return (
    <Suspense fallback={null}>
      <Finder />
    </Suspense>
  );
}
