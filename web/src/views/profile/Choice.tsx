/** One of a few. */
export function Choice<T extends string>({
  name,
  legend,
  options,
  value,
  choose,
}: {
  name: string;
  legend: string;
  options: readonly (readonly [T, string])[];
  value: T;
  choose: (value: T) => void;
}) {
  return (
    <fieldset className="flex flex-wrap gap-2">
      <legend className="sr-only">{legend}</legend>
      {options.map(([one, label]) => (
        <label
          key={one}
          className="flex min-h-9 items-center gap-2 rounded-lg border border-line bg-raised px-3 text-sm has-checked:border-kelp has-checked:bg-kelp-wash pointer-coarse:min-h-11"
        >
          <input
            type="radio"
            name={name}
            checked={one === value}
            onChange={() => choose(one)}
            className="size-4 accent-kelp"
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
