//! The secret that an authenticator app shares with the server (RFC 6238).

use data_encoding::BASE32_NOPAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{QrCode, render::svg};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::{
    error::BoxError,
    secret::{random, redacted},
    user::AuthUser,
};

/// What an authenticator app and the server both know, and make codes of: six
/// digits, another every 30 seconds (RFC 6238 with SHA-1, which is what the
/// apps can).
///
/// A new one is [generated](Self::generate), shown as [`qr_svg`](Self::qr_svg)
/// and confirmed by a code
/// ([`Login::confirm_totp`](crate::Login::confirm_totp)), and only then kept with
/// the account.
///
/// # Example
///
/// ```
/// use portcullis::TotpSecret;
///
/// let secret = TotpSecret::generate()?;
/// let kept = secret.to_base32(); // for the database, and until then for `Data`
/// let again = TotpSecret::from_base32(&kept)?;
/// assert!(again.qr_svg("Example", "leafstorm@example.org")?.starts_with("<svg"));
/// assert_eq!(format!("{again:?}"), "TotpSecret(REDACTED)");
/// # Ok::<(), portcullis::BoxError>(())
/// ```
///
/// # Security
///
/// Whoever has it makes every code. It can't be hashed, so keep it encrypted
/// if your database can.
pub struct TotpSecret(Zeroizing<Vec<u8>>);

redacted!(TotpSecret);

impl TotpSecret {
    /// A new one, of 160 random bits (RFC 4226, 4).
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes.
    pub fn generate() -> Result<Self, BoxError> {
        Ok(Self(Zeroizing::new(random::<20>()?.to_vec())))
    }

    /// The secret in this text, as [`to_base32`](Self::to_base32) wrote it or as
    /// another system kept it.
    ///
    /// # Errors
    ///
    /// When it is not base32, or has less than 128 bits.
    pub fn from_base32(text: &str) -> Result<Self, BoxError> {
        let letters: String = text
            .chars()
            .filter(|char| !char.is_whitespace() && *char != '=')
            .flat_map(char::to_uppercase)
            .collect();
        let bytes = BASE32_NOPAD.decode(letters.as_bytes());
        let bytes = bytes.map_err(|_| "a TOTP secret is written in base32")?;
        if bytes.len() < 16 {
            return Err("a TOTP secret has at least 128 bits".into()); // RFC 4226, 4
        }
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The secret as text, for the database, and for who types it into the app.
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// What the QR code says: `otpauth://totp/…`, with the secret in it. `issuer`
    /// is the name of your site, `account` that of the user there.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, account) = (encoded(issuer), encoded(account));
        let secret = self.to_base32();
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
    }

    /// The QR code, as SVG to be put into a page.
    ///
    /// # Errors
    ///
    /// When the names are too long for a QR code: over some 2000 bytes.
    ///
    /// # Security
    ///
    /// It holds the secret. Portcullis marks the page of a logged-in user
    /// `no-store`; don't let it be cached or logged elsewhere.
    pub fn qr_svg(&self, issuer: &str, account: &str) -> Result<String, BoxError> {
        let code = QrCode::new(self.uri(issuer, account))?;
        let svg = code
            .render::<svg::Color<'_>>()
            .min_dimensions(200, 200)
            .build();
        // Without the declaration of an XML file, which has no place in a page.
        let at = svg.find("<svg").unwrap_or(0);
        Ok(svg[at..].to_owned())
    }

    /// The step whose code this is: the present one, the one before or the one after.
    pub(crate) fn step_of(&self, code: &str, unix_seconds: u64) -> Option<u64> {
        let totp = self.totp().ok()?;
        totp.check(code, unix_seconds)
    }

    /// What an app with this secret shows.
    #[cfg(feature = "testing")]
    pub(crate) fn code_at(&self, unix_seconds: u64) -> String {
        let totp = self.totp().ok();
        totp.map_or_else(String::new, |totp| totp.generate(unix_seconds).to_string())
    }

    fn totp(&self) -> Result<Totp, BoxError> {
        let builder = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECONDS)
            .with_secret(self.0.to_vec());
        builder.build().map_err(|error| error.to_string().into())
    }
}

/// A user who may have an authenticator app: for [`TotpCode`](crate::TotpCode).
///
/// # Example
///
/// ```
/// use portcullis::{AuthHash, AuthUser, HasTotp, TotpSecret, TwoFactors};
///
/// struct Account { id: u64, password_hash: String, totp: Option<String> }
///
/// impl AuthUser for Account {
///     type Id = u64;
///     type Factors = TwoFactors;
///     fn id(&self) -> u64 { self.id }
///     fn has_second_factor(&self) -> bool { self.totp.is_some() }
///     // With a factor that is changed or removed the other sessions end.
///     fn session_auth_hash(&self) -> AuthHash {
///         AuthHash::of(format!("{}/{:?}", self.password_hash, self.totp))
///     }
/// }
///
/// impl HasTotp for Account {
///     fn totp_secret(&self) -> Option<TotpSecret> {
///         TotpSecret::from_base32(self.totp.as_deref()?).ok()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` has no authenticator app",
    label = "this needs a user type that says where its secret is",
    note = "write `impl HasTotp for {Self} {{ fn totp_secret(&self) -> Option<TotpSecret> {{ … }} }}`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait HasTotp: AuthUser {
    /// The secret as the database keeps it; none if the user has no app.
    fn totp_secret(&self) -> Option<TotpSecret>;
}

/// How long a code is shown.
pub(crate) const STEP_SECONDS: u64 = 30;

/// How many steps the clock of an app may be off, either way (RFC 6238, 5.2).
pub(crate) const SKEW: u16 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B; of its eight digits an app shows the last six.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = TotpSecret(Zeroizing::new(b"12345678901234567890".to_vec()));
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.step_of(code, at), Some(at / 30), "at {at}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_one_step() {
        let secret = TotpSecret(Zeroizing::new(b"12345678901234567890".to_vec()));
        let code = "005924"; // of the step of 1_234_567_890
        let step = 1_234_567_890 / 30;
        for (offset, is_right) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let at = (step * 30_i64 + offset * 30) as u64;
            assert_eq!(secret.step_of(code, at).is_some(), is_right, "{offset}");
        }
        assert_eq!(secret.step_of("", 59), None);
        assert_eq!(secret.step_of("28708", 59), None);
        assert_eq!(secret.step_of("0287082", 59), None);
        assert_eq!(secret.step_of("28708\u{0662}", 59), None);
    }

    #[test]
    fn a_secret_reads_back_as_apps_and_databases_write_it() {
        let secret = TotpSecret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq").unwrap();
        assert_eq!(&secret.0[..], b"12345678901234567890");
        assert_eq!(secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(TotpSecret::from_base32("GEZDGNBV").is_err(), "too short");
        assert!(TotpSecret::from_base32("nothing!").is_err());
        assert_eq!(
            secret.uri("A & B", "me@example.org"),
            "otpauth://totp/A%20%26%20B:me%40example%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A%20%26%20B"
        );
    }
}
