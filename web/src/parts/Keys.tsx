import { onMac } from "~/state/keys";

const SHOWN: Record<string, string> = onMac
  ? {
      mod: "⌘",
      alt: "⌥",
      shift: "⇧",
      ArrowUp: "↑",
      ArrowDown: "↓",
      ArrowLeft: "←",
      ArrowRight: "→",
      Escape: "esc",
      Enter: "↵",
    }
  : {
      mod: "Ctrl",
      alt: "Alt",
      shift: "Shift",
      ArrowUp: "↑",
      ArrowDown: "↓",
      ArrowLeft: "←",
      ArrowRight: "→",
      Escape: "Esc",
      Enter: "Enter",
    };

/** "mod+k" as it stands on the keys. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="inline-flex gap-1 whitespace-nowrap font-mono text-[0.7rem]">
      {keys.split(/[ +]/).map((key) => (
        <kbd key={key} className="rounded border border-current/30 px-1 leading-4">
          {SHOWN[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  );
}
