/** The questions before something is done to one conversation or to many; fetched when first asked. */
import { ArchiveQuestion, TrashQuestion } from "./asking/Leaving";
import { ExportQuestion } from "./asking/Export";
import { MoveQuestion } from "./asking/Move";
import type { Session } from "./queries";

export interface Asked {
  what: "archive" | "unarchive" | "move" | "export" | "trash";
  ids: string[];
  /** When it is about one alone. */
  session: Session | null;
}

export interface AskedProps {
  asked: Asked;
  close: () => void;
  /** It was done, or is being done. */
  done: () => void;
}

export default function Questions(props: AskedProps) {
  const { what } = props.asked;
  if (what === "trash") return <TrashQuestion {...props} />;
  if (what === "move") return <MoveQuestion {...props} />;
  if (what === "export") return <ExportQuestion {...props} />;
  return <ArchiveQuestion {...props} />;
}
