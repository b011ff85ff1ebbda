package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"filippo.io/age"
	agearmor "filippo.io/age/armor"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// unwrapParams are wrapped data keys, any of which is to be opened, and the private keys to try: texts as they lie in a
// Secret, age identities in some and armoured PGP keys in others.
type unwrapParams struct {
	Keys []WrappedKey `json:"keys"`
	Age  []string     `json:"age"`
	PGP  []string     `json:"pgp"`
}

// longestDataKey bounds what is taken for a data key: SOPS' have 32 bytes, a share of one a byte more.
const longestDataKey = 64

// unwrapKeys opens one data key. It is asked for by itself, of a child that serves nothing else and is dismissed
// afterwards: the private keys and the templates of tenants never meet in one process.
func unwrapKeys(raw json.RawMessage, _ Source) (*Answer, error) {
	var params unwrapParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, &Fault{Code: CodeInvalid, Message: "parameters of keys that do not read"}
	}
	fault := &Fault{Code: CodeSealed, Message: "none of the project's keys opens it"}
	for _, wrapped := range params.Keys {
		plain, err := unwrapKey(wrapped, params)
		var told *Fault
		switch {
		case errors.As(err, &told):
			fault = told
		case err == nil:
			encoded, err := encode(map[string][]byte{"key": plain})
			if err != nil {
				return nil, err
			}
			return listed([]json.RawMessage{encoded})
		}
	}
	return nil, fault
}

func unwrapKey(wrapped WrappedKey, params unwrapParams) ([]byte, error) {
	if wrapped.Type == "age" {
		return unwrapAge(wrapped.Ciphertext, params.Age)
	}
	return unwrapPGP(wrapped.Ciphertext, params.PGP)
}

func unwrapAge(sealed string, texts []string) ([]byte, error) {
	var identities []age.Identity
	for _, text := range texts {
		found, err := age.ParseIdentities(strings.NewReader(text))
		if err != nil {
			return nil, broken("age", "write AGE-SECRET-KEY-1… on lines of their own")
		}
		identities = append(identities, found...)
	}
	if len(identities) == 0 {
		return nil, &Fault{Code: CodeSealed, Message: "the project has no age key"}
	}
	plain, err := age.Decrypt(agearmor.NewReader(strings.NewReader(sealed)), identities...)
	if err != nil {
		return nil, err
	}
	return dataKey(plain)
}

func unwrapPGP(sealed string, texts []string) ([]byte, error) {
	var ring openpgp.EntityList
	for _, text := range texts {
		found, err := openpgp.ReadArmoredKeyRing(strings.NewReader(text))
		if err != nil {
			return nil, broken("PGP", "export them by `gpg --export-secret-keys --armor`")
		}
		ring = append(ring, found...)
	}
	if len(ring) == 0 {
		return nil, &Fault{Code: CodeSealed, Message: "the project has no PGP key"}
	}
	block, err := armor.Decode(strings.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	locked := &Fault{Code: CodeSealed, Message: "the project's PGP key is locked by a passphrase; take it off"}
	message, err := openpgp.ReadMessage(block.Body, ring, func([]openpgp.Key, bool) ([]byte, error) { return nil, locked }, nil)
	if err != nil {
		return nil, err
	}
	return dataKey(message.UnverifiedBody)
}

func broken(kind, mend string) *Fault {
	return &Fault{Code: CodeSealed, Message: "the project's " + kind + " keys do not read; " + mend}
}

func dataKey(from io.Reader) ([]byte, error) {
	var key bytes.Buffer
	n, err := io.Copy(&key, io.LimitReader(from, longestDataKey+1))
	if err != nil || n == 0 || n > longestDataKey {
		return nil, errors.New("no data key")
	}
	return key.Bytes(), nil
}
