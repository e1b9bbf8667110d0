# Sourced by setup.sh: a real Odoo 19, from Debian's package of it (sid), unpacked below data/tools. Nothing of sid is installed.
# Settings of the environment:
#   BIBIND_ODOO   an Odoo that is there: its program (odoo-bin, odoo), or the folder that a package was unpacked in; nothing is fetched then

odoo_place=$tools/odoo

# need_odoo: fetches it as root; else says what to do. Succeeds if there is one.
need_odoo() {
  if [ -n "${BIBIND_ODOO:-}" ]; then
    [ -f "$BIBIND_ODOO" ] || [ -f "$BIBIND_ODOO/usr/bin/odoo" ] && return 0
    say "BIBIND_ODOO names $BIBIND_ODOO, which is no program of Odoo and no folder with usr/bin/odoo."
    return 1
  fi
  has_odoo && return 0
  command -v odoo >/dev/null && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    say "There is no Odoo here, and only root on Debian can fetch one: run this once as root, or install Odoo 19 and name its program in BIBIND_ODOO."
    return 1
  fi
  mkdir -p "$tools"
  (
    # Several runs may share data/tools.
    ! command -v flock >/dev/null || flock 9
    has_odoo || fetch_odoo
  ) 9>"$tools/odoo.lock" && return 0
  say "The real Odoo could not be fetched (see above). It is tried again at the next start."
  return 1
}

# Unpacked, and what it needs from this machine's release is installed.
has_odoo() {
  [ -f "$odoo_place/root/usr/bin/odoo" ] && [ -f "$odoo_place/needs" ] || return 1
  # shellcheck disable=SC2046 # Package names hold no spaces.
  dpkg-query -W $(cat "$odoo_place/needs") >/dev/null 2>&1 && return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  # shellcheck disable=SC2046
  apt_install $(cat "$odoo_place/needs")
}

fetch_odoo() {
  local new=$odoo_place.new archive packages place needs name
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg
  local -a apt
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -E '/debian/?$' | head -n 1)
  if [ -z "$archive" ] || [ ! -f "$keys" ]; then
    say "This machine has no archive of Debian configured; Odoo is fetched from there only. Install Odoo 19 and name its program in BIBIND_ODOO."
    return 1
  fi
  say "Fetching Odoo 19 into data/tools/odoo (about 125 MB, once) ..."
  # Lists of its own: the machine's stay those of its release.
  packages=$new/apt place=$new/root
  rm -rf "$new" && mkdir -p "$packages/lists/partial" "$packages/cache/archives/partial" "$place" || return 1
  echo "deb [signed-by=$keys] $archive sid main" >"$packages/sources.list"
  apt=(-o "Dir::Etc::SourceList=$packages/sources.list" -o Dir::Etc::SourceParts=/nonexistent -o "Dir::State::Lists=$packages/lists"
    -o "Dir::Cache=$packages/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
  # Without the mode it succeeds also when it reached nothing.
  if ! quietly "apt-get update (of sid)" apt-get -q "${apt[@]}" -o APT::Update::Error-Mode=any update; then
    say "The archive $archive cannot be reached."
    return 1
  fi
  (cd "$packages" && quietly "apt-get download odoo-19" apt-get -q "${apt[@]}" download odoo-19 python3-lxml-html-clean python3-pypdf) || return 1
  # What its package asks for and this release has; the two that it may lack are unpacked beside it.
  quietly "apt-get update" apt-get -q update || return 1
  needs=$(dpkg-deb -f "$packages"/odoo-19_*.deb Depends | tr ',' '\n' | sed 's/(.*//; s/|.*//; s/:any//; s/ //g' |
    grep -vE '^(python3-lxml-html-clean|python3-pypdf|python3|adduser)?$')
  # shellcheck disable=SC2086 # Package names hold no spaces.
  needs=$({ printf '%s\n' python3 python3-lxml python3-tz; apt-cache show --no-all-versions $needs 2>/dev/null | sed -n 's/^Package: //p'; } | sort -u)
  # shellcheck disable=SC2086
  apt_install $needs || return 1
  for name in "$packages"/*.deb; do
    dpkg-deb -x "$name" "$place" || return 1
  done
  # Its links are relative: scripts and fonts of this machine are found through these.
  for name in javascript fonts; do
    [ -e "$place/usr/share/$name" ] || ln -s "/usr/share/$name" "$place/usr/share/$name"
  done
  dpkg-deb -f "$packages"/odoo-19_*.deb Version >"$new/version" && printf '%s\n' $needs >"$new/needs" || return 1
  compile_odoo "$place/usr/lib/python3/dist-packages"
  rm -rf "$packages" "$odoo_place" && mv "$new" "$odoo_place"
}

# Whoever runs it may not write there, and would compile everything at each start: the server and the modules that are used most.
compile_odoo() {
  local -a modules=()
  local name
  for name in "$1"/odoo/addons/{base,web,mail,portal,bus,auth_,http_routing,html_editor,iap,google_,phone_validation,resource,rating,utm,sms,digest,contacts,calendar,crm,rpc,api_doc,onboarding}*; do
    [ -d "$name" ] && modules+=("$name")
  done
  quietly "Compiling Odoo" python3 -m compileall -q -j 2 -x '/(addons|upgrade_code)/' "$1/odoo" "$1/lxml_html_clean" "$1/pypdf"
  quietly "Compiling Odoo" python3 -m compileall -q -j 2 "${modules[@]}"
}
