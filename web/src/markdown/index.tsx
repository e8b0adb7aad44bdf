/**
 * Markdown as it is read: GitHub's dialect and mathematics. What comes in is anybody's text: raw HTML stays text,
 * links lead to http, https and mailto alone, and no picture is fetched from anywhere.
 */

import { memo, type ReactElement } from "react";
import ReactMarkdown, { type Options } from "react-markdown";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";

import { classes } from "~/parts/classes";

import { blocksOf } from "./blocks";
import { dollars, withDollars } from "./dollars";
import { headings } from "./headings";
import { marked } from "./marked";
import { PARTS } from "./parts";
import { safeLink } from "./links";

export interface MarkdownProps {
  text: string;
  /** Apart from all others on the page: footnotes refer within it. */
  id?: string;
  /** Words to be marked. */
  words?: string;
  /** It still grows: what stands above is not read anew with each word. */
  growing?: boolean;
  /** By a person: lines break where they were broken. */
  said?: boolean;
}

const KEPT = 400;
const LONG = 1500;
const done = new Map<string, ReactElement>();

function Text({ text, id = "m", words = "", growing = false, said = false }: MarkdownProps) {
  return (
    <div dir="auto" className={classes("prose", said && "prose-said")}>
      {growing && text.length >= LONG
        ? blocksOf(text).map((block, place) => (
            // Blocks are only ever added at the end.
            // oxlint-disable-next-line react/no-array-index-key
            <div key={place}>{read(block, `${id}-${place}`, "")}</div>
          ))
        : read(text, id, words)}
    </div>
  );
}
export const Markdown = memo(Text);
export default Markdown;

/** Made once, however often a message comes into view. */
function read(text: string, id: string, words: string): ReactElement {
  const name = `${id}\0${words}\0${text}`;
  const known = done.get(name);
  if (known) {
    done.delete(name);
    done.set(name, known);
    return known;
  }
  const made = ReactMarkdown({
    children: withDollars(text),
    remarkPlugins: PLUGINS,
    rehypePlugins: words ? [headings, [marked, words]] : [headings],
    remarkRehypeOptions: { clobberPrefix: `${id}-`, footnoteLabelTagName: "p" },
    components: PARTS,
    urlTransform: safeLink,
  });
  done.set(name, made);
  for (const oldest of done.keys()) if (done.size > KEPT) done.delete(oldest);
  return made;
}

const PLUGINS: Options["remarkPlugins"] = [remarkGfm, remarkMath, dollars];
