import { useLocation, useNavigate } from "@tanstack/react-router";
import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";

/**
 * Parts of a view side by side; arrows lead from one to the next. Which one is open stands behind the "#" of the
 * address, so that Back and a reload come to the same.
 */
export function Tabs({
  name,
  tabs,
}: {
  name: string;
  tabs: readonly { id: string; label: string; body: ReactNode }[];
}) {
  const { hash } = useLocation();
  const go = useNavigate();
  const open = tabs.find(({ id }) => id === hash)?.id ?? tabs[0]?.id ?? "";
  const show = (id: string) =>
    void go({
      to: ".",
      search: true as never,
      hash: id === tabs[0]?.id ? "" : id,
      replace: true,
      hashScrollIntoView: false,
    });
  return (
    <Radix.Root value={open} onValueChange={show} className="flex min-h-0 flex-1 flex-col">
      <Radix.List
        aria-label={name}
        className="flex shrink-0 gap-1 overflow-x-auto border-b border-line px-3 sm:px-5"
      >
        {tabs.map(({ id, label }) => (
          <Radix.Trigger
            key={id}
            value={id}
            className="min-h-10 shrink-0 border-b-2 border-transparent px-3 text-sm font-medium text-quiet -outline-offset-2 pointer-coarse:min-h-11 data-[state=active]:border-kelp data-[state=active]:text-ink"
          >
            {label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map(({ id, body }) => (
        <Radix.Content
          key={id}
          value={id}
          className="flex min-h-0 flex-1 flex-col overflow-y-auto outline-offset-[-2px]"
        >
          {body}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
