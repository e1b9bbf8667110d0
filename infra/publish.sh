# Sourced by infra/azure/publish and infra/aws/publish: what is deployed to function hosts, below data/publish.
. "$(dirname "${BASH_SOURCE[0]}")/local/setup.sh"

published=$root/data/publish
# false: not compiled ahead, in half the time, for tests that start it once.
ahead=true

# publish_host RID: the program with its runtime, trimmed and compiled ahead, in data/publish/RID; for hosts that have no runtime.
publish_host() {
  local rid=$1
  need_dotnet
  need_npm
  say "Publishing for $rid ..."
  rm -rf "${published:?}/$rid"
  # An earlier publication's list of assemblies would be taken for this one's, and what is new would not be found at run time.
  rm -f "$published/artifacts/obj/Bibind.Functions/release_$rid/Bibind.Functions.deps.json"
  # Objects of their own: those of the ordinary build are for no particular machine.
  quietly "The publication for $rid" dotnet publish "$root/functions/Bibind.Functions.csproj" -c Release -r "$rid" --nologo -v q \
    --artifacts-path "$published/artifacts" -p:NuGetLockFilePath=obj/publish.lock.json -p:PublishDocumentationFiles=false -p:RunAnalyzers=false -p:PublishReadyToRun=$ahead -o "$published/$rid" || exit 1
  # For debuggers only.
  rm -f "$published/$rid"/{libmscordaccore.so,libmscordbi.so,createdump,web.config,appsettings*.json,*.staticwebassets.endpoints.json}
}

# pack FOLDER FILE: a zip of the folder's contents that keeps what is executable.
pack() {
  if ! command -v zip >/dev/null; then
    [ "$(id -u)" = 0 ] && apt_install zip || die "zip is missing: install it (package zip) and start again."
  fi
  rm -f "$2"
  (cd "$1" && quietly "zip" zip -qr9 "$2" .) || exit 1
  say "$2: $(($(stat -c %s "$2") / 1000000)) MB"
}
