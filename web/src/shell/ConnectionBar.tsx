import { CloudOff } from "lucide-react";
import { useTranslation } from "react-i18next";

import { useOnline } from "~/state/connection";

/** Says that the server is away, and that nothing typed is lost. */
export function ConnectionBar() {
  const { t } = useTranslation();
  const online = useOnline();
  return (
    <div role="status" aria-live="polite">
      {!online && (
        <p className="flex items-center justify-center gap-2 bg-amber px-4 py-1.5 text-sm text-amber-ink">
          <CloudOff aria-hidden className="size-4" />
          {t("shell.offline")}
        </p>
      )}
    </div>
  );
}
