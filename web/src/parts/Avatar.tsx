import { useState } from "react";

import { classes } from "./classes";

const HUES = [
  "bg-kelp text-on-kelp",
  "bg-dusk text-paper",
  "bg-rust text-on-rust",
  "bg-ink text-paper",
];

/** Pictures are written into the avatar; no address is ever asked. */
const isPicture = (avatar: string) => /^data:image\/(png|jpeg|gif|webp);/.test(avatar);

/** Of an assistant or a person. Decoration: the name stands beside it. */
export function Avatar({
  name,
  avatar,
  className,
}: {
  name: string;
  avatar?: string | null | undefined;
  className?: string;
}) {
  const [broken, setBroken] = useState(false);
  const shape = classes(
    "inline-grid size-7 shrink-0 place-items-center overflow-hidden rounded-full text-sm font-semibold select-none",
    className,
  );
  if (avatar && isPicture(avatar) && !broken)
    return <img src={avatar} alt="" className={shape} onError={() => setBroken(true)} />;
  const letters = [
    ...(avatar && !isPicture(avatar) && !avatar.includes("/") ? avatar : name.trim()),
  ];
  const sum = [...name].reduce((all, letter) => all + (letter.codePointAt(0) ?? 0), 0);
  const emoji = avatar && /\p{Extended_Pictographic}/u.test(avatar);
  return (
    <span
      aria-hidden
      className={classes(shape, emoji ? "bg-kelp-wash text-base" : HUES[sum % HUES.length])}
    >
      {emoji ? avatar : (letters[0] ?? "?").toUpperCase()}
    </span>
  );
}
