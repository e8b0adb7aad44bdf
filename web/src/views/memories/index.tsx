import { usePlace } from "~/place";

import { Memories } from "./Memories";
import { OneMemory } from "./OneMemory";

export default function View() {
  const { memory } = usePlace();
  return memory ? <OneMemory key={memory} id={memory} /> : <Memories />;
}
