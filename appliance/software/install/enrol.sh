# Enrols the box with the first line of $code_file, with $code, or with what is typed.
[ -z "$code_file" ] || IFS= read -r code <"$code_file" || true
if [ -z "$code" ] && [ ! -e /var/lib/cyberalarm/identity.json ] && (: </dev/tty) 2>/dev/null; then
  printf 'Enrolment code (press Enter to do this later): ' >/dev/tty
  read -r code </dev/tty || true
fi
if [ -n "$code" ]; then
  # not as an argument: every user of the machine can read those
  printf '%s\n' "$code" | cyberalarm enrol ||
    fail 'installed, but not enrolled. Once the problem above is solved, run: cyberalarm enrol'
elif [ ! -e /var/lib/cyberalarm/identity.json ]; then
  echo 'cyberalarm: to enrol, run: cyberalarm enrol'
fi
