import type { ReactNode } from "react";

/** Nothing here yet: says so, and what to do. */
export function Empty({
  icon,
  title,
  children,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-6 py-12 text-center [&>svg]:size-9 [&>svg]:text-kelp">
      {icon}
      <h2 className="text-lg font-semibold">{title}</h2>
      {children && <div className="space-y-3 text-sm text-quiet">{children}</div>}
    </div>
  );
}
