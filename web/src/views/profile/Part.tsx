import { useId, type ReactNode } from "react";

/** A part of the profile with its heading and what it is for. */
export function Part({
  title,
  about,
  children,
}: {
  title: string;
  about?: ReactNode;
  children?: ReactNode;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="text-lg font-semibold">
        {title}
      </h2>
      {about && <p className="mt-1 max-w-prose text-sm text-quiet">{about}</p>}
      {children && <div className="mt-4">{children}</div>}
    </section>
  );
}
