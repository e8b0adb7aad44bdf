import { usePlace } from "~/place";

import { Assistant } from "./Assistant";
import { Assistants } from "./Assistants";

export default function View() {
  const { assistant } = usePlace();
  return assistant ? <Assistant key={assistant} slug={assistant} /> : <Assistants />;
}
