/** A form whose words outlive the form: what was typed is there again until it was saved or given up. */
import { useEffect, useRef, useState } from "react";

import { keepDraft, readDraft } from "~/state/drafts";

/** The form, a way to change it, and one to let its draft go. */
export function useKept<T extends object>(
  name: string,
  begin: T,
): [form: T, change: (part: Partial<T>) => void, drop: () => void] {
  const [form, setForm] = useState(begin);
  const touched = useRef(false);
  useEffect(() => {
    let here = true;
    void readDraft<Partial<T>>(name).then((kept) => {
      if (here && kept && !touched.current) setForm((now) => ({ ...now, ...kept }));
    });
    return () => {
      here = false;
    };
  }, [name]);
  function change(part: Partial<T>) {
    touched.current = true;
    const next = { ...form, ...part };
    setForm(next);
    void keepDraft(name, next);
  }
  return [form, change, () => void keepDraft(name, null)];
}
