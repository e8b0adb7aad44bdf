/** The holdfast: what a kelp plant keeps itself on the rock with. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="8" className="fill-kelp" />
      <path
        d="M16 5v10M16 15c0 5-5 4-7 11M16 15c0 5 5 4 7 11M16 15v12M11 8c0 5 5 4 5 9M21 8c0 5-5 4-5 9"
        fill="none"
        strokeWidth="2.2"
        strokeLinecap="round"
        className="stroke-on-kelp"
      />
    </svg>
  );
}
