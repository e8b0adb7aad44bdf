/** What assistants are called where nobody gave them a name. */

/** Those that write themselves in their own way. */
const SPELT: Record<string, string> = {
  chatgpt: "ChatGPT",
  librechat: "LibreChat",
  "open-webui": "Open WebUI",
};

/** "boat-helper" as one would say it; nobody is the machine itself. */
export const named = (slug: string): string =>
  slug ? (SPELT[slug] ?? slug[0]?.toUpperCase() + slug.slice(1).replaceAll("-", " ")) : "Holdfast";

/** The name it was given; one that is only its slug was given by nobody. */
export const nameOf = ({ name, slug }: { name: string; slug: string }): string =>
  name && name !== slug ? name : named(slug);
