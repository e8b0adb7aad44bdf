/** One of a few that all show: lines of a question, cards, or short words side by side. */
import { classes } from "./classes";

const LOOKS = {
  lines: {
    all: "space-y-1",
    one: "min-h-9 items-start gap-2.5 rounded-lg px-2 py-1.5 hover:bg-kelp-wash pointer-coarse:min-h-11",
    dot: "mt-0.5 size-4.5",
  },
  cards: {
    all: "grid gap-2 sm:grid-cols-2",
    one: "items-start gap-3 rounded-card border border-line bg-raised p-3 has-checked:border-kelp has-checked:bg-kelp-wash",
    dot: "mt-0.5 size-4.5",
  },
  words: {
    all: "flex flex-wrap gap-2",
    one: "min-h-9 items-center gap-2 rounded-lg border border-line bg-raised px-3 has-checked:border-kelp has-checked:bg-kelp-wash pointer-coarse:min-h-11",
    dot: "size-4",
  },
} as const;

interface Props<T extends string> {
  name: string;
  legend: string;
  /** Whether the legend is seen, too. */
  headed?: boolean;
  look: keyof typeof LOOKS;
  /** Its value, its name, and what it is about. */
  options: readonly (readonly [value: T, label: string, about?: string])[];
  value: T;
  choose: (value: T) => void;
}

export function OneOf<T extends string>({
  name,
  legend,
  headed = false,
  look,
  options,
  value,
  choose,
}: Props<T>) {
  const { all, one, dot } = LOOKS[look];
  return (
    <fieldset className={all}>
      <legend className={headed ? "mb-1 text-sm font-medium" : "sr-only"}>{legend}</legend>
      {options.map(([option, label, about]) => (
        <label key={option} className={classes("flex text-sm", one)}>
          <input
            type="radio"
            name={name}
            checked={option === value}
            onChange={() => choose(option)}
            className={classes("shrink-0 accent-kelp", dot)}
          />
          <span className={classes(look === "cards" && "font-medium")}>
            {label}
            {about && <span className="block text-xs font-normal text-quiet">{about}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
