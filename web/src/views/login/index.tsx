import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff, LockKeyhole } from "lucide-react";
import { Tooltip } from "radix-ui";
import { useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { raw } from "~/api/client";
import { Failure, sentence } from "~/api/failures";
import { accessQuery, queries } from "~/api/queries";
import { Button, IconButton } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { useTitle } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";

/** Before anybody is known: how to come in, or that the store is locked. Nothing of what is kept is shown. */
export default function LogIn({ locked }: { locked: boolean }) {
  const { t } = useTranslation();
  useTitle(t(locked ? "login.lockedTitle" : "login.title"));
  return (
    <Tooltip.Provider>
      <main className="grid min-h-dvh place-items-center p-4">
        <div className="w-full max-w-md rounded-2xl border border-line bg-raised p-6 shadow-layer sm:p-8">
          <img src="/icon.svg" alt="" className="mb-4 size-11" />
          {locked ? <Locked /> : <Ways />}
        </div>
      </main>
    </Tooltip.Provider>
  );
}

function Locked() {
  const { t } = useTranslation();
  return (
    <>
      <h1 className="flex items-center gap-2 text-2xl font-semibold">
        <LockKeyhole aria-hidden className="size-6 text-rust" />
        {t("login.lockedTitle")}
      </h1>
      <p className="mt-2 mb-5 text-sm text-quiet">{t("login.lockedAbout")}</p>
      <Button tone="main" onClick={() => window.location.reload()}>
        {t("login.reload")}
      </Button>
    </>
  );
}

/** The way in that this server has; while it is not known, none is named. */
function Ways() {
  const { t } = useTranslation();
  const access = useQuery(accessQuery);
  return (
    <>
      <h1 className="text-2xl font-semibold">{t("login.title")}</h1>
      <p className="mt-1 text-sm text-quiet">{t("login.about")}</p>
      {access.data?.auth === "local" && (
        <p className="mt-4 rounded-lg bg-kelp-wash px-3 py-2 text-sm">{t("login.link")}</p>
      )}
      {access.data?.auth === "tokens" && <WithKey />}
      {access.isError && <Trouble error={access.error} again={() => void access.refetch()} />}
    </>
  );
}

function WithKey() {
  const { t } = useTranslation();
  const [key, setKey] = useState("");
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const form = useRef<HTMLFormElement>(null);

  async function enter(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setWrong(undefined);
    try {
      await raw("/api/login", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ key: key.trim() }),
      });
      await queries.invalidateQueries();
    } catch (error) {
      const refused = error instanceof Failure && [400, 401, 403].includes(error.status);
      setWrong(refused ? t("login.wrong") : sentence(error, t));
      form.current?.querySelector("input")?.focus();
    } finally {
      setBusy(false);
    }
  }

  return (
    <form ref={form} onSubmit={(event) => void enter(event)}>
      <div className="relative mt-5">
        <Field
          label={t("login.key")}
          hint={t("login.keyHint")}
          wrong={wrong}
          type={shown ? "text" : "password"}
          autoComplete="current-password"
          autoFocus
          required
          spellCheck={false}
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <IconButton
          name={t(shown ? "login.hide" : "login.show")}
          className="absolute end-0 top-6 pointer-coarse:top-6"
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff /> : <Eye />}
        </IconButton>
      </div>
      <Button tone="main" type="submit" disabled={busy} className="mt-5 w-full">
        {t("login.enter")}
      </Button>
    </form>
  );
}
