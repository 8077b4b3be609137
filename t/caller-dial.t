# convrelay-call dial, against a stand-in for Twilio's REST API: what it sends,
# what it follows, what it says, and that it asks before it costs money.

use strict;
use warnings;

use lib 't/lib';

use ConvRelay::Caller;
use ConvRelay::Nginx;
use JSON::PP ();
use MIME::Base64 qw( encode_base64 );
use Test::More;

plan skip_all => 'needs convrelay-call'
    if !-x caller_path() && !$ENV{TEST_NGINX_ALL};

my $nginx = ConvRelay::Nginx->new;

$nginx->lua(<<'_EOC_');
    server {
        listen  127.0.0.1:%%PORT%%;

        # the number called decides: a call goes through the statuses in turn

        location /2010-04-01/Accounts/ {
            content_by_lua_block {
                local cjson = require "cjson"
                local calls = ngx.shared.calls
                local sid = "CA" .. string.rep("0123456789abcdef", 2)

                ngx.req.read_body()
                local form = ngx.req.get_post_args()

                calls:rpush("requests", cjson.encode{
                    method = ngx.req.get_method(), uri = ngx.var.request_uri,
                    form = next(form) and form,
                    authorization = ngx.var.http_authorization,
                    agent = ngx.var.http_user_agent,
                })

                ngx.header.content_type = "application/json"

                local function refuse(status, code, message)
                    ngx.status = status
                    ngx.say(cjson.encode{
                        code = code, message = message, status = status,
                        more_info = "https://www.twilio.com/docs/errors/" .. code,
                    })
                    return ngx.exit(status)
                end

                if form.To then
                    calls:set("to", form.To)
                    calls:set("looks", 0)
                    calls:delete("ended")

                    if form.To == "+15550000001" then
                        return refuse(400, 21211,
                                      "The 'To' number +15550000001 is not a "
                                      .. "valid phone number.")
                    elseif form.To == "+15550000002" then
                        return refuse(401, 20003, "Authenticate")
                    elseif form.To == "+15550000003" then
                        ngx.status = 502
                        return ngx.say("<html>")
                    elseif form.To == "+15550000004" then
                        return ngx.say('{"sid":"../../x","status":"queued"}')
                    end

                    ngx.status = 201
                    return ngx.say(cjson.encode{ sid = sid, status = "queued" })
                end

                if form.Status then
                    calls:set("ended", form.Status)

                    if calls:get("to") == "+15550000009" then
                        return refuse(400, 21220, "Call is not in-progress. "
                                      .. "Cannot redirect.")
                    elseif not calls:get("once") then
                        calls:set("once", true)
                        calls:delete("ended")
                        ngx.status = 503
                        return ngx.say("")
                    end
                end

                local to = calls:get("to")
                local looks = calls:incr("looks", 1)
                local status = looks == 1 and "ringing" or "in-progress"
                local duration = cjson.null

                if calls:get("ended") then
                    status = "completed"
                    duration = "7"
                elseif to == "+15550000005" and looks == 2 then
                    status = "busy"
                    duration = "0"
                elseif to == "+15550000006" and looks == 2 then
                    ngx.status = 503
                    return ngx.say("")
                elseif to == "+15550000007" and looks == 2 then
                    return refuse(404, 20404, "The requested resource was "
                                  .. "not found")
                elseif to ~= "+15550000008" and to ~= "+15550000009"
                       and looks > 2
                then
                    status = "completed"
                    duration = "12"
                end

                ngx.say(cjson.encode{ sid = sid, status = status,
                                      duration = duration })
            }
        }

        location = /requests {
            content_by_lua_block {
                local calls = ngx.shared.calls

                for i = 1, calls:llen("requests") do
                    ngx.say(calls:lpop("requests"))
                end
            }
        }
    }
_EOC_

$nginx->start;

my $api = 'http://127.0.0.1:' . $nginx->port;
my $account = 'AC' . 'f0' x 16;
my $sid = 'CA' . '0123456789abcdef' x 2;
my $url = 'https://voice.example.com/twiml?a=b&c=d';
my $token = 'token-0123456789';

my %env = (CONVRELAY_CALL_API => $api, TWILIO_ACCOUNT_SID => $account,
           TWILIO_API_KEY => undef, TWILIO_API_SECRET => undef);


sub begin {
    my ($env, $to, @options) = @_;
    my %all = (%env, TWILIO_AUTH_TOKEN => $token, %$env);

    delete local @ENV{keys %all};

    return caller_start({ map { $_ => $all{$_} } grep { defined $all{$_} } keys %all },
                        'dial', defined $to ? ('--to', $to) : (), '--from',
                        '+15550100001', @options, $url);
}


sub dial { return caller_end(begin(@_)) }


sub requests {
    my @requests = split /\n/, `curl -s $api/requests`;

    return map { JSON::PP->new->decode($_) } @requests;
}


sub hidden {
    my ($run, @secrets) = @_;
    my $said = "$run->{out}$run->{err}";

    return !grep { index($said, $_) >= 0 } $token, @secrets,
                 encode_base64("$account:$token", '');
}


# the proxy of the environment is not asked for this machine, in the clear

my $run = dial({ http_proxy => 'http://127.0.0.1:1' }, '+15550100002', '--yes');

is($run->{code}, 0, 'a call') or diag("$run->{out}$run->{err}");
is($run->{out}, "call      $sid\nstatus    queued\nstatus    ringing\n"
                . "status    in-progress\nstatus    completed\n          12 s\n",
   '... is followed from its SID to its end');
is($run->{err}, '', '... without an error');
ok(hidden($run), '... and without the keys');

my ($placed, @looks) = requests();

is($placed->{method}, 'POST', 'it was placed by POST');
is($placed->{uri}, "/2010-04-01/Accounts/$account/Calls.json", '... to Calls.json');
is_deeply($placed->{form}, { To => '+15550100002', From => '+15550100001',
                             Url => $url, Method => 'POST' },
          '... with the numbers and the webhook');
is($placed->{authorization}, 'Basic ' . encode_base64("$account:$token", ''),
   '... and the account\'s token');
like($placed->{agent}, qr{^convrelay-call/\d}, '... by its name');
is_deeply([map { "$_->{method} $_->{uri}" } @looks],
          [("GET /2010-04-01/Accounts/$account/Calls/$sid.json") x 3],
          '... and its status was read');

$run = dial({ TWILIO_API_KEY => 'SK1', TWILIO_API_SECRET => 'hush-of-api',
              TWILIO_AUTH_TOKEN => undef },
            '+15550000005', '--yes', '--get');
is($run->{code}, 1, 'a line that is busy');
like($run->{out}, qr/^status    busy$/m, '... is said');
ok(hidden($run, 'hush-of-api'), '... without the secret');

($placed) = requests();
is($placed->{authorization}, 'Basic ' . encode_base64('SK1:hush-of-api', ''),
   'an API key and its secret are used instead');
is($placed->{form}{Method}, 'GET', '... and GET is asked for');


# Twilio's errors, in its words

$run = dial({}, '+15550000001', '--yes');
is($run->{code}, 4, 'a call that is refused');
is($run->{err}, "convrelay-call: Twilio answered 400, error 21211: The 'To' number "
                . '+15550000001 is not a valid phone number. '
                . "https://www.twilio.com/docs/errors/21211\n", '... says why');
is($run->{out}, '', '... and nothing else');

$run = dial({}, '+15550000002', '--yes');
is($run->{code}, 4, 'a key that is wrong');
like($run->{err}, qr/answered 401, error 20003: Authenticate/, '... is said');
ok(hidden($run), '... but not what it is');

$run = dial({}, '+15550000003', '--yes');
is($run->{code}, 4, 'an API in trouble');
like($run->{err}, qr/answered 502\n.*not known whether the call was placed/,
     '... leaves it open whether there is a call');

$run = dial({}, '+15550000004', '--yes');
is($run->{code}, 4, 'an SID that is a path');
like($run->{err}, qr/without a call in it/, '... is not used');

$run = dial({ CONVRELAY_CALL_API => 'http://127.0.0.1:1' }, '+15550100002', '--yes');
is($run->{code}, 4, 'an API that cannot be reached');
like($run->{err}, qr{http://127\.0\.0\.1:1: Failed to connect}, '... is named');
ok(hidden($run), '... without the keys');

$run = dial({}, '+15550000006', '--yes');
is($run->{code}, 0, 'a status that cannot be read once is read again')
or diag("$run->{out}$run->{err}");

$run = dial({}, '+15550000007', '--yes');
is($run->{code}, 5, 'a call that Twilio does not know any longer');
like($run->{err}, qr/20404: The requested .*\n.*the call $sid may go on/,
     '... may go on');


# Ctrl-C

sub interrupted {
    my ($to, $name) = @_;
    my $started = begin({}, $to, '--yes');
    my $rang;

    requests();

    for (1 .. 100) {
        last if $rang = grep { $_->{method} eq 'GET' } requests();
        select undef, undef, undef, 0.1;
    }

    ok($rang, $name);
    kill INT => $started->{pid};

    return caller_end($started);
}


$run = interrupted('+15550000008', 'a call that does not end');
is($run->{code}, 0, '... is hung up by Ctrl-C') or diag("$run->{out}$run->{err}");
like($run->{out}, qr/^caller    \(hangs up\)\nstatus    completed\n +7 s$/m,
     '... and followed to its end');
like($run->{err}, qr/^convrelay-call: Twilio answered 503\n\z/,
     '... although the API failed once');

my ($ended) = grep { $_->{method} eq 'POST' } requests();
is($ended->{uri}, "/2010-04-01/Accounts/$account/Calls/$sid.json",
   'a POST to the call');
is_deeply($ended->{form}, { Status => 'completed' }, '... has completed it');

$run = interrupted('+15550000009', 'a call that is over at that moment');
is($run->{code}, 0, '... has ended') or diag("$run->{out}$run->{err}");
like($run->{err}, qr/error 21220: Call is not in-progress/, '... as Twilio says');
requests();


# nothing is sent

for my $case (
    ['without --yes and a terminal', {}, '+15550100002', [], qr/give --yes/],
    ['without --to', {}, undef, ['--yes'], qr/needs --to NUMBER/],
    ['a number without its country', {}, '5550100002', ['--yes'],
     qr/"5550100002" is not a number with its country code/],
    ['a number with more in it', {}, '+1555&Url=x', ['--yes'], qr/is not a number/],
    ['an unknown option', {}, '+15550100002', ['--yes', '--load'], qr/--load/],
    ['no account', { TWILIO_ACCOUNT_SID => undef }, '+15550100002', ['--yes'],
     qr/TWILIO_ACCOUNT_SID is not set/],
    ['an account that is a path', { TWILIO_ACCOUNT_SID => 'AC/../x' },
     '+15550100002', ['--yes'], qr/TWILIO_ACCOUNT_SID is not an account's/],
    ['no key', { TWILIO_AUTH_TOKEN => undef }, '+15550100002', ['--yes'],
     qr/neither TWILIO_AUTH_TOKEN is set, nor TWILIO_API_KEY/],
    ['half a key', { TWILIO_API_KEY => 'SK1' }, '+15550100002', ['--yes'],
     qr/only one is set/],
    ['an API in the clear', { CONVRELAY_CALL_API => 'http://api.example.com' },
     '+15550100002', ['--yes'], qr/CONVRELAY_CALL_API needs https/],
    ['one that looks like this machine',
     { CONVRELAY_CALL_API => 'http://127.0.0.1:80@example.com' }, '+15550100002',
     ['--yes'], qr/CONVRELAY_CALL_API needs https/],
) {
    my ($name, $env, $to, $options, $message) = @$case;

    $run = dial($env, $to, @$options);
    is($run->{code}, 2, $name);
    like($run->{err}, $message, '... is said');
}

is_deeply([requests()], [], 'no such call was placed');

SKIP: {
    skip 'needs IO::Pty', 6
        if !$ENV{TEST_NGINX_ALL} && !eval { require IO::Pty };

    require ConvRelay::Terminal;

    for my $answer ("\n", "y\n") {
        my $t = ConvRelay::Terminal->new(env => {
            %env, TWILIO_AUTH_TOKEN => $token,
        });

        $t->start(caller_path(), 'dial', '--to', '+15550000005', '--from',
                  '+15550100001', $url);
        ok($t->wait_for(qr/calls \+15550000005 from \+15550100001, .*\[y\/N\]/s),
           'at a terminal it asks');
        $t->type($answer);

        is($t->finish, $answer eq "\n" ? 2 : 1, '... and takes the answer')
        or diag($t->text);
        is(scalar(grep { $_->{method} eq 'POST' } requests()),
           $answer eq "\n" ? 0 : 1, '... as it is meant');
    }
}

$nginx->stop;

done_testing();
