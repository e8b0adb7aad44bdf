import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, KeyRound } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { answer, api } from "~/api/client";
import { sentence } from "~/api/failures";
import { Button, IconButton } from "~/parts/Button";
import { Field, INPUT } from "~/parts/Field";
import { Layer, Question } from "~/parts/Layer";
import { Time } from "~/parts/Time";
import { Trouble } from "~/parts/Trouble";
import { notify } from "~/state/notices";
import { day } from "~/state/times";

import { Part } from "./Part";
import { tokensQuery } from "./queries";

const SCOPES = ["memory:read", "memory:write", "memory:delete"] as const;
const WORDS = {
  "memory:read": "read",
  "memory:write": "write",
  "memory:delete": "delete",
} as const;
const LIVES = [7, 30, 90, 365];
type Scope = (typeof SCOPES)[number];

/** Keys of programs that act for this person. */
export function Keys() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const tokens = useQuery(tokensQuery);
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<{ id: string; name: string } | null>(null);

  async function revoke(id: string) {
    setEnding(null);
    try {
      await answer(api.DELETE("/api/tokens/{token_id}", { params: { path: { token_id: id } } }));
      notify(t("profile.keyRevoked"));
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
    await client.invalidateQueries({ queryKey: ["profile", "tokens"] });
  }

  return (
    <Part title={t("profile.keys")} about={t("profile.keysAbout")}>
      {tokens.isError && <Trouble error={tokens.error} />}
      {!!tokens.data?.tokens.length && (
        <ul className="mb-4 divide-y divide-line rounded-card border border-line bg-raised">
          {tokens.data.tokens.map((token) => (
            <li key={token.id} className="flex flex-wrap items-center gap-3 px-4 py-2.5 text-sm">
              <KeyRound aria-hidden className="size-4 text-kelp" />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{token.name || token.prefix}</span>
                <span className="text-quiet">
                  <span className="font-mono">{token.prefix}…</span> ·{" "}
                  {token.scopes
                    .map((one) => t(`profile.scope.${WORDS[one as Scope] ?? "read"}`))
                    .join(", ")}{" "}
                  ·{" "}
                  {token.last_used_at ? (
                    <>
                      {t("profile.keyUsed")} <Time at={token.last_used_at} />
                    </>
                  ) : (
                    t("profile.keyUnused")
                  )}
                  {token.expires_at && (
                    <> · {t("profile.keyUntil", { day: day(token.expires_at) })}</>
                  )}
                </span>
              </span>
              <Button
                aria-label={t("profile.revokeNamed", { name: token.name || token.prefix })}
                onClick={() => setEnding({ id: token.id, name: token.name || token.prefix })}
              >
                {t("profile.revoke")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Button onClick={() => setMaking(true)}>{t("profile.makeKey")}</Button>
      <Layer open={making} close={() => setMaking(false)} title={t("profile.makeKey")}>
        <NewKey close={() => setMaking(false)} />
      </Layer>
      <Question
        open={!!ending}
        close={() => setEnding(null)}
        title={t("profile.revokeNamed", { name: ending?.name ?? "" })}
        about={t("profile.revokeAbout")}
        confirm={t("profile.revoke")}
        danger
        run={() => ending && void revoke(ending.id)}
      />
    </Part>
  );
}

function NewKey({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["memory:read", "memory:write"]);
  const [days, setDays] = useState("");
  const [secret, setSecret] = useState<string>();
  const [wrong, setWrong] = useState<string>();

  async function make(event: FormEvent) {
    event.preventDefault();
    try {
      const made = await answer(
        api.POST("/api/tokens", {
          body: {
            name: name.trim(),
            scopes: [...scopes],
            ...(days ? { expires_in_days: Number(days) } : {}),
          },
        }),
      );
      setSecret(made.secret);
      await client.invalidateQueries({ queryKey: ["profile", "tokens"] });
    } catch (error) {
      setWrong(sentence(error, t));
    }
  }

  if (secret)
    return (
      <div className="space-y-3 pt-2">
        <p className="text-sm">{t("profile.keyOnce")}</p>
        <div className="flex items-center gap-2">
          <code className="min-w-0 flex-1 rounded-lg bg-sunken p-3 font-mono text-sm break-all">
            {secret}
          </code>
          <IconButton
            name={t("profile.copyKey")}
            onClick={() =>
              void navigator.clipboard.writeText(secret).then(() => notify(t("profile.copied")))
            }
          >
            <Copy />
          </IconButton>
        </div>
        <div className="flex justify-end">
          <Button tone="main" onClick={close}>
            {t("profile.keyKept")}
          </Button>
        </div>
      </div>
    );
  return (
    <form onSubmit={(event) => void make(event)} className="space-y-4 pt-2">
      <Field
        label={t("profile.keyName")}
        hint={t("profile.keyNameHint")}
        required
        maxLength={100}
        value={name}
        wrong={wrong}
        onChange={(event) => setName(event.target.value)}
      />
      <fieldset className="space-y-1.5">
        <legend className="mb-1 text-sm font-medium">{t("profile.keyMay")}</legend>
        {SCOPES.map((one) => (
          <label key={one} className="flex min-h-8 items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="size-4 accent-kelp"
              checked={scopes.includes(one)}
              onChange={(event) =>
                setScopes(
                  event.target.checked ? [...scopes, one] : scopes.filter((each) => each !== one),
                )
              }
            />
            {t(`profile.scope.${WORDS[one]}`)}
          </label>
        ))}
      </fieldset>
      <label className="block text-sm font-medium">
        {t("profile.keyExpires")}
        <select
          value={days}
          onChange={(event) => setDays(event.target.value)}
          className={`${INPUT} mt-1 font-normal`}
        >
          <option value="">{t("profile.keyNever")}</option>
          {LIVES.map((one) => (
            <option key={one} value={one}>
              {t("profile.keyDays", { count: one })}
            </option>
          ))}
        </select>
      </label>
      <div className="flex justify-end gap-2">
        <Button onClick={close}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit" disabled={!scopes.length}>
          {t("profile.makeKey")}
        </Button>
      </div>
    </form>
  );
}
