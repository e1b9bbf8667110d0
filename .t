#!/usr/bin/env bash
# Sets up what is missing, builds and runs the tests against real servers; the last line is "N passed, N failed".
#   ./test           all of them
#   ./test NAME      only the test projects with that in their name
#   ./test --no-build   as they were built
#   ./test --help    this text
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/infra/local/setup.sh"

limit=1800 # seconds for one project
wanted= no_build=
help_if_asked "$@"
for argument in "$@"; do
  case $argument in
    --no-build) no_build=1 ;;
    -*) refuse "There is no option $argument." ;;
    *)
      [ -z "$wanted" ] || refuse "One name at a time: '$wanted' or '$argument'."
      wanted=$argument
      ;;
  esac
done

cd "$root" || exit 1
need_dotnet
need_postgres
need_servers || say "The tests that need them will fail."
need_node_servers
need_odoo || say "The tests at the real Odoo are skipped; as root they fail."
need_postgres17 || say "The tests with client programs of PostgreSQL 17 are left out."
need_newer_pebble || say "The tests of renewal information at a real authority are left out."

projects=()
shopt -s nocasematch
for project in tests/*.Tests/*.csproj; do
  case $(basename "$project") in *"$wanted"*) projects+=("$project") ;; esac
done
shopt -u nocasematch
[ ${#projects[@]} -gt 0 ] || die "No test project has '$wanted' in its name."

if [ -z "$no_build" ]; then
  say "Building ..."
  if [ -z "$wanted" ]; then build Bibind.Functions.sln; else build "${projects[@]}"; fi
fi

results=/tmp/r; mkdir -p $results; rm -f $results/*
failures=$results/failures
passed=0 failed=0 skipped=0

# attribute FILE NAME: of the assembly element in xunit's report.
attribute() { sed -n -E "s/.*<assembly [^>]* $2=\"([0-9]+)\".*/\1/p" "$1" | head -n 1; }

for project in "${projects[@]}"; do
  name=$(basename "$project" .csproj)
  report=$results/$name.xml output=$results/$name.log
  began=$SECONDS
  # In a folder without settings: those of ./run, in this one, are not the tests'.
  (cd "$(dirname "$project")/bin/Release/net10.0" && timeout -k 30 "$limit" dotnet "$name.dll" -noColor -noLogo -xml "$report") >"$output" 2>&1 </dev/null
  code=$?
  p=$(attribute "$report" passed 2>/dev/null) f=$(attribute "$report" failed 2>/dev/null)
  s=$(attribute "$report" skipped 2>/dev/null) e=$(attribute "$report" errors 2>/dev/null)
  if [ -z "$p" ] || [ -z "$f" ]; then
    # Without a report nothing is known but that it did not work.
    p=0 f=1 s=0 e=0
    [ "$code" -lt 124 ] || echo "$name was stopped after $limit s or killed (exit code $code)." >>"$output"
  fi
  f=$((f + ${e:-0}))
  [ "$code" = 0 ] || [ "$f" -gt 0 ] || f=1
  printf '%-32s %5d passed %3d failed  %4d s\n' "$name" "$p" "$f" $((SECONDS - began))
  if [ "$f" -gt 0 ]; then
    sed 's/^/    /' "$output"
    # Once more at the end, where they are found: each with the beginning of its message.
    grep -A 3 -F '[FAIL]' "$output" | cut -c 1-300 >>"$failures" || echo "$name ended with exit code $code." >>"$failures"
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
done

if [ -s "$failures" ]; then say "What failed:"; cat "$failures"; fi
[ $((passed + failed)) -gt 0 ] || say "No test ran."
summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
