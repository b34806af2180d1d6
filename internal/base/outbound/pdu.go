package outbound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

// The part of SMPP 3.4 that a transmitter needs (SMPP v3.4 issue 1.2, chapters 4 and 5).
const (
	cmdGenericNack     = 0x80000000
	cmdBindTransmitter = 0x00000002
	cmdSubmit          = 0x00000004
	cmdUnbind          = 0x00000006
	cmdEnquireLink     = 0x00000015
	cmdResponse        = 0x80000000 // bit of all responses

	statusInvalidCommand = 0x00000003
	statusSystemError    = 0x00000008
	statusQueueFull      = 0x00000014
	statusThrottled      = 0x00000058

	pduHeader = 16
	pduLimit  = 4096 // nothing that a message centre sends a transmitter is longer
)

type pdu struct {
	command, status, sequence uint32
	body                      []byte
}

var errPDU = errors.New("the message centre does not speak SMPP")

func readPDU(r io.Reader) (pdu, error) {
	var head [pduHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return pdu{}, err
	}
	length := binary.BigEndian.Uint32(head[:4])
	if length < pduHeader || length > pduLimit {
		return pdu{}, errPDU
	}
	p := pdu{
		command: binary.BigEndian.Uint32(head[4:8]), status: binary.BigEndian.Uint32(head[8:12]),
		sequence: binary.BigEndian.Uint32(head[12:]), body: make([]byte, length-pduHeader),
	}
	if _, err := io.ReadFull(r, p.body); err != nil {
		return pdu{}, err
	}
	return p, nil
}

func (p pdu) bytes() []byte {
	b := make([]byte, 0, pduHeader+len(p.body))
	b = binary.BigEndian.AppendUint32(b, uint32(pduHeader+len(p.body)))
	b = binary.BigEndian.AppendUint32(b, p.command)
	b = binary.BigEndian.AppendUint32(b, p.status)
	b = binary.BigEndian.AppendUint32(b, p.sequence)
	return append(b, p.body...)
}

// cstring appends an octet string that ends in zero, cut to the room that the protocol has for it.
func cstring(b []byte, s string, room int) []byte {
	for i := range len(s) {
		if s[i] == 0 || i == room-1 {
			break
		}
		b = append(b, s[i])
	}
	return append(b, 0)
}

const (
	ucs2Single = 70 // UTF-16 units of a message alone
	ucs2Part   = 67 // units of a part beside the six octets of its header
	maxParts   = 10
)

// smsParts encodes a text as UTF-16 and cuts it into user data, with a concatenation header (3GPP TS 23.040, 9.2.3.24.1)
// when it takes more than one. A surrogate pair is never cut. reference tells parts of different messages apart.
func smsParts(text string, reference byte) ([][]byte, error) {
	units := utf16.Encode([]rune(text))
	if len(units) <= ucs2Single {
		return [][]byte{utf16Bytes(nil, units)}, nil
	}
	var cut [][]uint16
	for len(units) > 0 {
		n := min(ucs2Part, len(units))
		if n < len(units) && utf16.IsSurrogate(rune(units[n])) && units[n] >= 0xdc00 {
			n--
		}
		cut, units = append(cut, units[:n]), units[n:]
	}
	if len(cut) > maxParts {
		return nil, fmt.Errorf("the text takes %d parts, %d at most are sent", len(cut), maxParts)
	}
	parts := make([][]byte, len(cut))
	for i, u := range cut {
		parts[i] = utf16Bytes([]byte{5, 0, 3, reference, byte(len(cut)), byte(i + 1)}, u)
	}
	return parts, nil
}

func utf16Bytes(b []byte, units []uint16) []byte {
	for _, u := range units {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}
