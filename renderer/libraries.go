package main

// The languages' official libraries; each line goes when the file of its language takes it up.
import (
	_ "github.com/getsops/sops/v3/age"
	_ "github.com/getsops/sops/v3/decrypt"
	_ "github.com/getsops/sops/v3/keyservice"
	_ "github.com/getsops/sops/v3/pgp"
	_ "github.com/getsops/sops/v3/stores/dotenv"
	_ "github.com/getsops/sops/v3/stores/ini"
	_ "github.com/getsops/sops/v3/stores/json"
	_ "github.com/getsops/sops/v3/stores/yaml"
	_ "github.com/itchyny/gojq"
	_ "github.com/yuin/gopher-lua"
)
