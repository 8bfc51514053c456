# Completion of laconic's commands, options and files in bash. Installed as share/bash-completion/completions/laconic.
# tests/apps/install_completion_test.py compares it with what the program says in its --help.

# Adds files that end in one of "lac|mov|..." (all files for "") and folders; readline's own completion if there are none.
_laconic_files() {
  local path
  compopt -o filenames -o default 2>/dev/null
  while IFS= read -r path; do
    if [[ -z $1 || -d ${path/#\~\//$HOME/} || ${path,,} =~ \.($1)$ ]]; then COMPREPLY+=("$path"); fi
  done < <(compgen -f -- "$word")
}

_laconic_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

# What follows an option that takes a value; fails if $before is none of these.
_laconic_value() {
  case $before in
    --audio) _laconic_words "copy opus laconic" ;;
    --device) _laconic_words "cpu cuda" ;;
    --format) _laconic_words "png jpg jpeg webp tif tiff ppm pgm pnm bmp" ;;
    --model) _laconic_files safetensors ;;
    --out-dir) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --plot) _laconic_files png ;;
    -q | --quality | --size | --bpp | --psnr | --bitrate | --gop | --effort | --region | --slices | --from | --to | --threads) ;;
    *) return 1 ;;
  esac
}

_laconic_options() {
  local every="-h --help --model --threads --device" output="--out-dir -v --verbose --quiet"
  case $command in
    encode) _laconic_words "$every $output -q --quality --size --bpp --psnr --bitrate --effort --gop --audio" ;;
    decode) _laconic_words "$every $output --format --region --slices --conceal --from --to" ;;
    info) _laconic_words "$every --json --symbols" ;;
    compare) _laconic_words "$every --json --plot" ;;
    models) _laconic_words "$every --json" ;;
    *) _laconic_words "-h --help --version" ;;
  esac
}

_laconic() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= num_files=0 i
  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi  # --option=value
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      -?*) ;;
      *) if [[ -z $command ]]; then command=${COMP_WORDS[i]}; else ((++num_files)); fi ;;
    esac
  done
  COMPREPLY=()
  if _laconic_value; then return; fi
  if [[ $word == -* ]]; then _laconic_options; return; fi

  local ours="lac|mov|mkv|nut" pictures="png|jpe?g|webp|tiff?|bmp|gif|p[bgnp]m"
  local films="mp4|m4v|mov|mkv|webm|avi|nut|y4m|mpe?g|ts" sounds="wav|flac|mp3|opus|ogg|m4a|aac|aiff?"
  if ((num_files > 0)) && [[ $command == encode || $command == decode ]]; then  # may be the output, which has any name
    _laconic_files ""
    return
  fi
  case $command in
    "") _laconic_words "encode decode info compare models" ;;
    encode) _laconic_files "$pictures|$films|$sounds" ;;
    decode) _laconic_files "$ours" ;;
    info | compare) _laconic_files "$ours|$pictures|$films|$sounds" ;;
  esac
}

complete -F _laconic laconic
