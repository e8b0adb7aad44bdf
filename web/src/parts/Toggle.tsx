import { Switch } from "radix-ui";
import { useId } from "react";

/** On or off, with what that means. */
export function Toggle({
  label,
  about,
  on,
  set,
  disabled,
}: {
  label: string;
  about?: string;
  on: boolean;
  set: (on: boolean) => void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div className="flex items-start gap-3">
      <Switch.Root
        id={id}
        checked={on}
        onCheckedChange={set}
        disabled={disabled}
        aria-describedby={about ? `${id}a` : undefined}
        className="relative mt-0.5 h-6 w-11 shrink-0 rounded-full border border-edge bg-sunken data-[state=checked]:border-kelp data-[state=checked]:bg-kelp"
      >
        <Switch.Thumb className="block size-4.5 translate-x-0.5 rounded-full bg-edge transition-transform data-[state=checked]:translate-x-[1.35rem] data-[state=checked]:bg-on-kelp rtl:-translate-x-0.5 rtl:data-[state=checked]:-translate-x-[1.35rem]" />
      </Switch.Root>
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {about && (
          <p id={`${id}a`} className="text-sm text-quiet">
            {about}
          </p>
        )}
      </div>
    </div>
  );
}
