/** The microphone: a level to see, the time, and at the end the recording. */
import { useCallback, useEffect, useRef, useState } from "react";

const FORMATS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4", "audio/webm"];

export type Hearing =
  | { state: "asking" }
  | { state: "hearing"; seconds: number; levels: readonly number[] }
  | { state: "refused" }
  | { state: "done"; blob: Blob; seconds: number };

const BARS = 40;

export function useRecording(wanted: boolean) {
  const [hearing, setHearing] = useState<Hearing>({ state: "asking" });
  const recorder = useRef<MediaRecorder>(null);
  const stop = useCallback(
    () => recorder.current?.state === "recording" && recorder.current.stop(),
    [],
  );

  useEffect(() => {
    if (!wanted) return;
    let here = true;
    let tick: ReturnType<typeof setInterval> | undefined;
    let stream: MediaStream | undefined;
    let context: AudioContext | undefined;
    const listen = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch {
        if (here) setHearing({ state: "refused" });
        return;
      }
      if (!here) return end();
      const mimeType = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
      const made = new MediaRecorder(stream, mimeType ? { mimeType } : {});
      recorder.current = made;
      const began = performance.now();
      const pieces: Blob[] = [];
      made.ondataavailable = ({ data }) => data.size && pieces.push(data);
      made.onstop = () => {
        const seconds = (performance.now() - began) / 1000;
        end();
        if (here)
          setHearing({ state: "done", blob: new Blob(pieces, { type: made.mimeType }), seconds });
      };
      context = new AudioContext();
      const loudness = context.createAnalyser();
      loudness.fftSize = 512;
      context.createMediaStreamSource(stream).connect(loudness);
      const samples = new Float32Array(loudness.fftSize);
      let levels: number[] = [];
      tick = setInterval(() => {
        loudness.getFloatTimeDomainData(samples);
        const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
        levels = [...levels, Math.min(1, Math.sqrt(power) * 5)].slice(-BARS);
        setHearing({ state: "hearing", seconds: (performance.now() - began) / 1000, levels });
      }, 100);
      made.start(1000);
      setHearing({ state: "hearing", seconds: 0, levels });
    };
    const end = () => {
      clearInterval(tick);
      for (const track of stream?.getTracks() ?? []) track.stop();
      void context?.close().catch(() => undefined);
      context = undefined;
    };
    void listen();
    return () => {
      here = false;
      if (recorder.current?.state === "recording") recorder.current.stop();
      end();
    };
  }, [wanted]);
  return { hearing, stop };
}
