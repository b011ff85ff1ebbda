package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/keyservice"
	"github.com/getsops/sops/v3/stores/dotenv"
	"github.com/getsops/sops/v3/stores/ini"
	"github.com/getsops/sops/v3/stores/json"
	"github.com/getsops/sops/v3/stores/yaml"
	"google.golang.org/grpc"
)

// unsealing is a Source whose files sealed by SOPS are opened before any language sees them, so that every language
// takes them alike and none of them ever passes on what is still encrypted. The parent unwraps the data keys: it alone
// knows which keys the project has.
type unsealing struct {
	Source
	opened []string // the paths of the files that were opened
}

// Read reads as the parent serves, and opens what is sealed.
func (u *unsealing) Read(mount string, paths []string, maxBytes int) ([]Content, error) {
	contents, err := u.Source.Read(mount, paths, maxBytes)
	if err != nil {
		return nil, err
	}
	for i, content := range contents {
		store := storeOf(paths[i], content.Data)
		if content.Fault != nil || store == nil {
			continue
		}
		plain, err := u.open(store, paths[i], content.Data)
		if err != nil {
			return nil, err
		}
		contents[i].Data = plain
		if !slices.Contains(u.opened, paths[i]) {
			u.opened = append(u.opened, paths[i])
		}
	}
	return contents, nil
}

var (
	sealedValue  = []byte("ENC[AES256_GCM,")
	sealedYAML   = regexp.MustCompile(`(?m)^(sops|"sops"|'sops')[ \t]*:`)
	sealedBlock  = regexp.MustCompile(`(?m)^sops:[ \t]*\r?\n(?:[ \t].*\n)*?[ \t]+mac:`)
	sealedFlow   = regexp.MustCompile(`["']?\bsops["']?\s*:`)
	sealedDotenv = regexp.MustCompile(`(?m)^sops_mac=`)
	sealedIni    = regexp.MustCompile(`(?m)^\[sops\]`)
)

// storeOf gives what reads a file that SOPS sealed, nil for any other. A file is one by its metadata, which stand at its
// top, and by an encrypted value; SOPS itself goes by the file's name for the format.
func storeOf(name string, data []byte) sops.Store {
	if !bytes.Contains(data, sealedValue) {
		return nil
	}
	object := bytes.HasPrefix(bytes.TrimSpace(data), []byte("{"))
	switch path.Ext(name) {
	case ".yaml", ".yml":
		if sealedYAML.Match(data) || object && sealedFlow.Match(data) {
			return yaml.NewStore(&config.YAMLStoreConfig{})
		}
	case ".json":
		if object && sealedFlow.Match(data) {
			return json.NewStore(&config.JSONStoreConfig{Indent: -1})
		}
	case ".env":
		if sealedDotenv.Match(data) {
			return dotenv.NewStore(&config.DotenvStoreConfig{})
		}
	case ".ini":
		if sealedIni.Match(data) {
			return ini.NewStore(&config.INIStoreConfig{})
		}
	default:
		return otherStore(object, data)
	}
	return nil
}

// otherStore is for names that tell nothing, like the inputs of generators: what SOPS calls binary is JSON with one
// value, and whoever gave the format by hand has any of the others.
func otherStore(object bool, data []byte) sops.Store {
	switch {
	case object && sealedFlow.Match(data):
		return json.NewBinaryStore(&config.JSONBinaryStoreConfig{Indent: -1})
	case sealedDotenv.Match(data):
		return dotenv.NewStore(&config.DotenvStoreConfig{})
	case sealedIni.Match(data):
		return ini.NewStore(&config.INIStoreConfig{})
	case sealedBlock.Match(data):
		return yaml.NewStore(&config.YAMLStoreConfig{})
	}
	return nil
}

// open gives the plain file. No error quotes the libraries, which name values.
func (u *unsealing) open(store sops.Store, name string, data []byte) ([]byte, error) {
	sealed := func(format string, arguments ...any) error {
		return &Fault{Code: CodeSealed, Path: name, Message: fmt.Sprintf(format, arguments...)}
	}
	tree, err := store.LoadEncryptedFile(data)
	if err != nil {
		return nil, sealed("is sealed by SOPS, but its metadata do not read")
	}
	client := &parentKeys{source: u.Source}
	key, err := tree.Metadata.GetDataKeyWithKeyServices([]keyservice.KeyServiceClient{client}, nil)
	switch {
	case client.outage != nil:
		return nil, client.outage
	case err != nil:
		return nil, sealed("is sealed by SOPS %s", client.why())
	}
	cipher := aes.NewCipher()
	mac, err := tree.Decrypt(key, cipher)
	if err != nil {
		return nil, sealed("is sealed by SOPS, but a value does not open with the data key: it was changed after sealing")
	}
	metadata := tree.Metadata
	original, err := cipher.Decrypt(metadata.MessageAuthenticationCode, key, metadata.LastModified.Format(time.RFC3339))
	if err != nil || original != mac {
		return nil, sealed("is sealed by SOPS, but its MAC does not match: it was changed after sealing; seal it again")
	}
	plain, err := store.EmitPlainFile(tree.Branches)
	if err != nil {
		return nil, sealed("is sealed by SOPS, but cannot be written in plain")
	}
	return plain, nil
}

// parentKeys has the parent unwrap data keys; it is the only key service there is.
type parentKeys struct {
	source  Source
	asked   []string
	others  []string
	refusal string
	outage  error
}

var _ keyservice.KeyServiceClient = (*parentKeys)(nil)

// Encrypt is not used.
func (*parentKeys) Encrypt(context.Context, *keyservice.EncryptRequest, ...grpc.CallOption) (*keyservice.EncryptResponse, error) {
	return nil, errors.New("nothing is encrypted here")
}

// Decrypt asks the parent for age and PGP keys and remembers what it said.
func (p *parentKeys) Decrypt(_ context.Context, request *keyservice.DecryptRequest, _ ...grpc.CallOption) (*keyservice.DecryptResponse, error) {
	wrapped := WrappedKey{Ciphertext: string(request.Ciphertext)}
	switch key := request.Key.KeyType.(type) {
	case *keyservice.Key_AgeKey:
		wrapped.Type, wrapped.Recipient = "age", key.AgeKey.Recipient
	case *keyservice.Key_PgpKey:
		wrapped.Type, wrapped.Recipient = "pgp", key.PgpKey.Fingerprint
	default:
		p.others = append(p.others, kindOfKey(request.Key))
		return nil, errors.New("no such key service")
	}
	p.asked = append(p.asked, wrapped.Type+" "+wrapped.Recipient)
	plain, err := p.source.Unwrap([]WrappedKey{wrapped})
	if err != nil {
		var fault *Fault
		if !errors.As(err, &fault) {
			p.outage = err
		} else if p.refusal = fault.Message; fault.Code != CodeSealed {
			p.outage = fault
		}
		return nil, err
	}
	return &keyservice.DecryptResponse{Plaintext: plain}, nil
}

func kindOfKey(key *keyservice.Key) string {
	switch key.KeyType.(type) {
	case *keyservice.Key_KmsKey:
		return "AWS KMS"
	case *keyservice.Key_GcpKmsKey:
		return "Google Cloud KMS"
	case *keyservice.Key_AzureKeyvaultKey:
		return "Azure Key Vault"
	case *keyservice.Key_VaultKey:
		return "HashiCorp Vault"
	default:
		return "another key service"
	}
}

// why words for whom a file is sealed, and why no such key opened it.
func (p *parentKeys) why() string {
	slices.Sort(p.others)
	var parts []string
	if len(p.asked) > 0 {
		parts = append(parts, fmt.Sprintf("for %s: %s", strings.Join(p.asked, ", "), p.refusal))
	}
	if len(p.others) > 0 {
		kinds := strings.Join(slices.Compact(p.others), ", ")
		parts = append(parts, fmt.Sprintf("with %s, which is not supported: seal it for an age or PGP key too", kinds))
	}
	if len(parts) == 0 {
		return "for nobody: it names no key"
	}
	return strings.Join(parts, "; and ")
}
