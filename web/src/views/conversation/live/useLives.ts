import { useSyncExternalStore } from "react";

import { listenLive, livesOf } from "./live";
import type { Live } from "./types";

export const useLives = (session: string): readonly Live[] =>
  useSyncExternalStore(listenLive, () => livesOf(session));
