/** A conversation: its head, all that was said, and where one says more. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "~/api/failures";
import { meQuery } from "~/api/queries";
import { classes } from "~/parts/classes";
import { Trouble } from "~/parts/Trouble";
import { useTitle } from "~/parts/Page";
import { usePlace } from "~/place";
import { arriving } from "~/state/arriving";
import { useKeys } from "~/state/keys";

import { Composer } from "./composer/Composer";
import { Head } from "./head/Head";
import { answerText } from "./live/LiveRows";
import { begin, onBegun, type Beginning } from "./live/begin";
import { cancel, newKey, restoreUnsent, say } from "./live/live";
import type { Speech } from "./live/types";
import { Opening } from "./Opening";
import { isEnding } from "./transcript/Ended";
import { DoingContext } from "./transcript/doing";
import { rowsOf } from "./transcript/rows";
import { useTalk } from "./transcript/talking";
import { Transcript, type TranscriptHandle } from "./transcript/Transcript";
import { warmMarkdown } from "./transcript/Words";
import { useDoingHere } from "./useDoingHere";
import { useLanding } from "./useLanding";
import { useSpeakers } from "./useSpeakers";
import type { Turn } from "./types";

const FindBar = lazy(() =>
  arriving(() => import("./find/FindBar").then((file) => ({ default: file.FindBar }))),
);
const UsedPanel = lazy(() => arriving(() => import("./used/UsedPanel")));
const keepOrLeave = () => import("./temporary/KeepOrLeave");
const KeepOrLeave = lazy(() => arriving(keepOrLeave));

const TOLD_FOR = 8_000;
const NOBODY: Beginning = { assistant: null, project: null, temporary: false };

export function Conversation({ session }: { session: string }) {
  const { t } = useTranslation();
  const go = useNavigate();
  const place = usePlace();
  const me = useQuery(meQuery).data;
  const { talk, head, outline, lives } = useTalk(session);
  const [beginning, setBeginning] = useState<Beginning>({
    ...NOBODY,
    assistant: place.assistant,
    project: place.project,
  });
  const [offered, setOffered] = useState<{ text: string } | null>(null);
  const [finding, setFinding] = useState(false);
  const [used, setUsed] = useState<Turn | null>(null);
  const transcript = useRef<TranscriptHandle>(null);
  const isNew = session === "new";
  const info = isNew ? null : (head.data ?? talk.session);
  const temporary = isNew ? beginning.temporary : (info?.temporary ?? false);
  const speakerOf = useSpeakers(info?.assistant ?? beginning.assistant ?? me?.assistant ?? null);
  const landing = useLanding(talk, transcript);
  const { rows, tree } = useMemo(
    () => rowsOf(talk, landing.chosen, lives, 700),
    // The talk is one and the same; its version tells that it changed.
    // oxlint-disable-next-line react/exhaustive-deps
    [talk, talk.version, landing.chosen, lives],
  );
  useTitle(isNew ? t("chat.new") : (info?.title ?? ""));
  useEffect(() => {
    if (!isNew) warmMarkdown();
  }, [isNew]);
  useEffect(() => {
    // It asks before such a conversation is left, so it must be here before the first word is.
    if (temporary) void keepOrLeave();
  }, [temporary]);
  useEffect(() => {
    // What could not be sent before the page was left.
    void restoreUnsent(session).then((waiting) => {
      if (session === "new") for (const said of waiting) void begin(said);
    });
  }, [session]);
  useEffect(
    () =>
      onBegun((id) => {
        if (session === "new")
          void go({ to: "/c/$session", params: { session: id }, replace: true });
      }),
    [session, go],
  );
  useKeys([{ keys: "mod+f", does: "findHere", typing: true, run: () => setFinding(!isNew) }]);

  const send = useCallback(
    (text: string, speech: Speech | null) => {
      const said = { key: newKey(), text, speech, edits: null, answers: null, at: Date.now() };
      landing.clear();
      if (isNew) void begin({ ...said, begin: beginning });
      else say(session, said);
      requestAnimationFrame(() => transcript.current?.toEnd());
    },
    [isNew, session, beginning, landing],
  );
  const trashed = info?.trashed_at != null;
  const writable = !trashed && (me?.scopes.includes("memory:write") ?? true);
  const doing = useDoingHere({
    talk,
    session,
    temporary,
    writable,
    landing,
    transcript,
    used: setUsed,
  });
  const announced = useAnnounced(lives);
  const answering = lives.some((live) => live.state === "answering" || live.state === "sending");
  const missing = head.error instanceof Failure && head.error.status === 404 ? head.error : null;
  const failed = !info && !isNew && rows.length === 0 ? (head.error ?? outline.error) : null;
  const empty = isNew && rows.length === 0;

  return (
    <DoingContext value={doing.doing}>
      <div className={classes("flex h-full min-w-0 flex-col", temporary && "bg-dusk-wash")}>
        <Head
          session={session}
          info={info}
          temporary={temporary}
          find={() => setFinding(true)}
          who={speakerOf(undefined)}
        />
        {finding && (
          <Suspense fallback={null}>
            <FindBar
              sessionId={session}
              close={() => {
                setFinding(false);
                landing.clearMarks();
              }}
              onGo={(hit, words) => landing.show(hit, words)}
            />
          </Suspense>
        )}
        {missing || failed ? (
          <div className="flex-1">
            <Trouble
              error={missing ?? failed}
              {...(missing
                ? {}
                : { again: () => void Promise.all([head.refetch(), outline.refetch()]) })}
            />
          </div>
        ) : empty ? (
          <Opening
            beginning={beginning}
            change={setBeginning}
            who={speakerOf(undefined)}
            offer={(text) => setOffered({ text })}
          />
        ) : (
          <Transcript
            key={session}
            talk={talk}
            tree={tree}
            rows={rows}
            speakerOf={speakerOf}
            me={me?.user ?? ""}
            landing={landing.place}
            ready={isNew || (talk.outline !== null && landing.ready)}
            handle={transcript}
            announced={announced}
          />
        )}
        <Suspense fallback={null}>
          {temporary && !isNew && !missing && (
            <KeepOrLeave session={session} spoken={rows.length > 0} />
          )}
        </Suspense>
        {trashed && (
          <p className="mx-auto w-full max-w-184 px-4 py-3 text-center text-sm">
            {t("chat.inTrash")}{" "}
            <Link to="/trash" className="underline">
              {t("chat.toTrash")}
            </Link>
          </p>
        )}
        {!missing && writable && (
          <Composer
            session={session}
            temporary={temporary}
            answering={answering}
            offered={offered}
            send={send}
            stop={() => void cancel(session)}
            scroll={(to) => {
              if (to === "start") transcript.current?.toStart();
              else if (to === "end") transcript.current?.toEnd();
              else transcript.current?.page(to);
            }}
          />
        )}
      </div>
      {doing.layers}
      <Suspense fallback={null}>
        {used && <UsedPanel session={session} turn={used} close={() => setUsed(null)} />}
      </Suspense>
    </DoingContext>
  );
}

/** The answer that has just ended, whole, for those who hear the page. */
function useAnnounced(lives: ReturnType<typeof useTalk>["lives"]): string {
  const { t } = useTranslation();
  const [told, setTold] = useState({ key: "", text: "" });
  const ended = lives.findLast((live) => live.state === "ended");
  if (ended && ended.said.key !== told.key) {
    const { status } = ended.about;
    const text = isEnding(status) ? t(`chat.ended.${status}`) : answerText(ended.message);
    setTold({ key: ended.said.key, text });
  }
  useEffect(() => {
    if (!told.text) return;
    // Read out by now; it stands in the conversation for whoever reads on.
    const timer = setTimeout(() => setTold({ key: told.key, text: "" }), TOLD_FOR);
    return () => clearTimeout(timer);
  }, [told]);
  return told.text;
}
