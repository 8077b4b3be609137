// A ConversationRelay server in Go, a peer of the benchmark.
//
// It does: TwiML; signatures of the webhook's form and of the handshake; the
// history of each call; the model's answer, streamed over kept-alive
// connections; interruption in the middle of an answer, which closes the
// connection to the model and keeps what was heard; a new prompt into an
// answer; pings, fragments, UTF-8, Close (gorilla/websocket); TLS beside it.
//
// It does not: bound the history or the rate of messages, try Twilio's
// variants of the signed URL.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxMessage = 131072
	maxLine    = 262144
	greeting   = "Hi! Ask me anything."
	failed     = "I ran into a temporary issue while generating a response."

	systemPrompt = "You are a helpful assistant. This conversation is being " +
		"translated to voice, so answer carefully. When you respond, please " +
		"spell out all numbers, for example twenty not 20. Do not include " +
		"emojis in your responses. Do not include bullet points, asterisks, " +
		"or special symbols."
)

var (
	authToken = os.Getenv("BENCH_AUTH_TOKEN")
	modelURL  string

	client = &http.Client{
		Transport: &http.Transport{
			MaxIdleConns:        0,
			MaxIdleConnsPerHost: 4096,
			IdleConnTimeout:     time.Minute,
			DisableCompression:  true,
		},
	}

	upgrader = websocket.Upgrader{
		ReadBufferSize:  1024,
		WriteBufferSize: 1024,
		WriteBufferPool: &sync.Pool{},
		CheckOrigin:     func(*http.Request) bool { return true },
	}
)

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type incoming struct {
	Type        string `json:"type"`
	VoicePrompt string `json:"voicePrompt"`
	Last        *bool  `json:"last"`
	Heard       string `json:"utteranceUntilInterrupt"`
}

type outgoing struct {
	Type  string `json:"type"`
	Token string `json:"token"`
	Last  bool   `json:"last"`
}

type request struct {
	Model    string    `json:"model"`
	Stream   bool      `json:"stream"`
	Messages []message `json:"messages"`
}

type chunk struct {
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
	} `json:"choices"`
	Error json.RawMessage `json:"error"`
}

// call is one socket. Its reader owns messages; an answer gets a snapshot as
// a request body, and hands over what it said when it is over.
type call struct {
	ws       *websocket.Conn
	write    sync.Mutex // gorilla takes one writer
	messages []message
	spoken   int // index of the newest answer, 0: none
	answer   *answer
}

type answer struct {
	cancel context.CancelFunc
	done   chan struct{}
	said   strings.Builder // this and over are the reader's once it is done
	over   bool            // its last:true is sent
}

func signed(r *http.Request, url string, form url.Values) bool {
	if authToken == "" {
		return true
	}

	mac := hmac.New(sha1.New, []byte(authToken))
	mac.Write([]byte(url))

	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)

	for _, name := range names {
		values := append([]string(nil), form[name]...)
		sort.Strings(values)

		for i, value := range values {
			if i == 0 || value != values[i-1] {
				mac.Write([]byte(name + value))
			}
		}
	}

	sig := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(sig), []byte(r.Header.Get("X-Twilio-Signature")))
}

func twiml(w http.ResponseWriter, r *http.Request) {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}

	r.Body = http.MaxBytesReader(w, r.Body, 65536)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}

	if !signed(r, scheme+r.Host+r.RequestURI, r.PostForm) {
		http.Error(w, "bad signature", http.StatusForbidden)
		return
	}

	var host bytes.Buffer
	xml.EscapeText(&host, []byte(r.Host))

	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Response><Connect>`+
		`<ConversationRelay url="wss://%s/ws" welcomeGreeting="%s"/>`+
		`</Connect></Response>`, host.Bytes(), greeting)
}

func relay(w http.ResponseWriter, r *http.Request) {
	if !signed(r, "wss://"+r.Host+r.RequestURI, nil) {
		http.Error(w, "bad signature", http.StatusForbidden)
		return
	}

	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}

	ws.SetReadLimit(maxMessage)

	c := &call{ws: ws}
	defer ws.Close()
	defer c.stop(false)

	// the answer ends before the Close goes out
	reply := ws.CloseHandler()
	ws.SetCloseHandler(func(code int, text string) error {
		c.stop(false)
		return reply(code, text)
	})

	for {
		kind, data, err := ws.ReadMessage()
		if err != nil {
			return
		}

		if kind != websocket.TextMessage {
			c.stop(false)
			ws.WriteControl(websocket.CloseMessage,
				websocket.FormatCloseMessage(
					websocket.CloseUnsupportedData, ""),
				time.Now().Add(time.Second))
			return
		}

		c.receive(data)
	}
}

func (c *call) receive(data []byte) {
	var m incoming

	if err := json.Unmarshal(data, &m); err != nil {
		log.Print("bad message: ", err)
		return
	}

	if m.Type == "setup" && c.messages == nil {
		c.messages = []message{{"system", systemPrompt}}
		return
	}

	if c.messages == nil {
		return
	}

	switch m.Type {
	case "prompt":
		if m.Last == nil || *m.Last {
			c.prompt(m.VoicePrompt)
		}
	case "interrupt":
		c.interrupt(strings.TrimSpace(m.Heard))
	}
}

func (c *call) prompt(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}

	c.stop(true)
	c.spoken = 0
	c.messages = append(c.messages, message{"user", text})

	body, err := json.Marshal(request{"bench", true, c.messages})
	if err != nil {
		log.Print(err)
		return
	}

	ctx, cancel := context.WithCancel(context.Background())
	c.answer = &answer{cancel: cancel, done: make(chan struct{})}

	go c.run(ctx, c.answer, body)
}

// interrupt keeps of the newest answer what was heard.
func (c *call) interrupt(heard string) {
	c.stop(true)

	if c.spoken == 0 {
		return
	}

	m := &c.messages[c.spoken]

	if heard == "" {
		c.messages = append(c.messages[:c.spoken], c.messages[c.spoken+1:]...)
		c.spoken = 0
	} else if at := strings.Index(m.Content, heard); at >= 0 {
		m.Content = strings.Clone(m.Content[:at+len(heard)])
	}
}

// stop ends a running answer and stores what was said of it; one that is over
// is only stored.
func (c *call) stop(say bool) {
	a := c.answer
	if a == nil {
		return
	}

	c.answer = nil
	a.cancel()
	<-a.done

	if a.said.Len() == 0 {
		return
	}

	c.spoken = len(c.messages)
	c.messages = append(c.messages, message{"assistant", a.said.String()})

	if say && !a.over {
		c.text("", true)
	}
}

func (c *call) run(ctx context.Context, a *answer, body []byte) {
	defer close(a.done)
	defer a.cancel()

	err := c.stream(ctx, a, body)

	if err != nil {
		if ctx.Err() != nil {
			return
		}

		log.Print("the model failed: ", err)
		c.text(failed, false)
	}

	a.over = true
	c.text("", true)
}

func (c *call) stream(ctx context.Context, a *answer, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, modelURL,
		bytes.NewReader(body))
	if err != nil {
		return err
	}

	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer none")

	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()

	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}

	// to the end of the body, not to [DONE], so that the connection is kept
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 4096), maxLine)

	for lines.Scan() {
		data := lines.Bytes()

		if !bytes.HasPrefix(data, []byte("data:")) {
			continue
		}

		data = bytes.TrimSpace(data[5:])
		if string(data) == "[DONE]" {
			continue
		}

		var ch chunk
		if err := json.Unmarshal(data, &ch); err != nil {
			return err
		}

		if len(ch.Error) > 0 {
			return errors.New("error in stream")
		}

		if len(ch.Choices) == 0 || ch.Choices[0].Delta.Content == "" {
			continue
		}

		if ctx.Err() != nil {
			return ctx.Err()
		}

		a.said.WriteString(ch.Choices[0].Delta.Content)

		if err := c.text(ch.Choices[0].Delta.Content, false); err != nil {
			return err
		}
	}

	return lines.Err()
}

func (c *call) text(token string, last bool) error {
	data, err := json.Marshal(outgoing{"text", token, last})
	if err != nil {
		return err
	}

	c.write.Lock()
	defer c.write.Unlock()

	c.ws.SetWriteDeadline(time.Now().Add(30 * time.Second))
	return c.ws.WriteMessage(websocket.TextMessage, data)
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: main ADDRESS MODEL_URL [TLS_ADDRESS CERT KEY]")
	}

	modelURL = os.Args[2]

	mux := http.NewServeMux()
	mux.HandleFunc("/twiml", twiml)
	mux.HandleFunc("/ws", relay)

	if len(os.Args) == 6 {
		server := &http.Server{Addr: os.Args[3], Handler: mux}
		go func() {
			log.Fatal(server.ListenAndServeTLS(os.Args[4], os.Args[5]))
		}()
	}

	server := &http.Server{Addr: os.Args[1], Handler: mux,
		ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
